export type { AuditRecord } from '../../observation/events/http.ts';

const clients: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Microsoft\.Data\.Mashup/i, 'Power Query'],
  [/Microsoft Office|Excel/i, 'Excel'],
  [/\bcurl\//i, 'curl'],
  [/python|aiohttp|httpx/i, 'Python'],
  [/\bhttr|libcurl.*\br-curl/i, 'R'],
  [/\bMozilla\//i, 'browser'],
];

/** A program by its user agent, which anybody may write. */
export const clientOf = (agent: string): string | null => clients.find(([pattern]) => pattern.test(agent))?.[1] ?? null;

/** Characters of a user agent that are kept, and no control characters. */
export const cutAgent = (agent: string): string => agent.replace(/\p{C}/gu, ' ').slice(0, 200);
