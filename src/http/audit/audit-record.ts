/** What one request was, for whoever has to know who saw what. */
export interface AuditRecord {
  /** As in `X-Request-Id`. */
  readonly requestId: string;
  /** When it came, ISO 8601 in UTC. */
  readonly at: string;
  /** Id of the principal; null: nobody signed in. */
  readonly principal: string | null;
  /** Its name, for people. */
  readonly name: string | null;
  readonly address: string;
  readonly method: string;
  /** Names alone, keys as `?`. */
  readonly path: string;
  /** Decoded; literals are `?` where a property of personal data is named. */
  readonly query: string;
  readonly status: number;
  readonly errorCode: string | null;
  readonly rows: number | null;
  /** Of the reply with its head, as it went over the connection; null: it was part of another one. */
  readonly bytes: number | null;
  readonly milliseconds: number;
  /** A program that is known by its user agent; null: another. */
  readonly client: string | null;
  /** The user agent, cut. */
  readonly agent: string;
}

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
