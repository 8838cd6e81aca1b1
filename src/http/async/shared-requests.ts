import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { SeenSets } from './seen-sets.ts';

/** What of a request decides its reply: no credentials are in it. */
export interface KeptRequest {
  readonly method: string;
  /** Absolute path and query, without the key option. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** What its owner saw when he asked. Absent: an earlier version noted it. */
  readonly seen?: SeenSets | undefined;
}

/**
 * Requests that are answered later, as all gateways of a database know them: any of them is asked for the reply. Whoever did not make it asks the same anew, as the
 * one who asks for it, so that his rights of now hold.
 */
export interface SharedRequests {
  /** Resolves when all others know it, also those that come later; false: `holder` has as many as he may. */
  note(
    token: string,
    of: {
      readonly owner: string | null;
      readonly holder: string;
      readonly request: KeptRequest;
      readonly running: boolean;
    },
  ): Promise<boolean>;
  /** It runs no more here; others may make it. Never throws. */
  ended(token: string): Promise<void>;
  /** null: nobody has it. */
  find(
    token: string,
  ): Promise<{ readonly owner: string | null; readonly running: boolean; readonly request: KeptRequest } | null>;
  /** Whether it was there. */
  remove(token: string): Promise<boolean>;
  /** All that this gateway made. */
  removeAll(): Promise<void>;
  /** Those of the tokens that nobody has removed. */
  remaining(tokens: readonly string[]): Promise<ReadonlySet<string>>;
  /** Has it done again and again while others are there. */
  onBeat(work: () => Promise<void>): void;
}

const decisive = [
  ...['host', 'accept', 'accept-language', 'prefer', 'odata-version', 'odata-maxversion', 'odata-isolation'],
  ...['content-type', 'user-agent', 'if-none-match'],
];

/**
 * null: its body holds what belongs into no table, or what none can hold, so only the gateway that was asked has it. `url`: without the key;
 * `keyName`: of the header and of the query option that may carry one.
 */
export function keptRequest(
  {
    method,
    headers,
    body,
  }: { readonly method: string; readonly headers: IncomingHttpHeaders; readonly body: string | null },
  { url, keyName, seen }: { readonly url: string; readonly keyName: string; readonly seen: SeenSets },
): KeptRequest | null {
  if (body !== null && !mayLieInTable(body, keyName)) {
    return null;
  }
  const entries = decisive.flatMap((name): readonly (readonly [string, string])[] => {
    const value = headers[name];
    return value === undefined ? [] : [[name, [value].flat().join(', ')]];
  });
  return { method, url, headers: Object.fromEntries(entries), body, seen };
}

/** Requests in a batch may carry credentials of their own, in a header or in the query; and PostgreSQL has no text with U+0000. */
const mayLieInTable = (body: string, keyName: string): boolean =>
  !body.includes('\0') && !new RegExp(`authorization|cookie|(?<![a-z0-9])${keyName}"?\\s*[:=]`, 'i').test(body);

/** As it lies in the database. */
export const keptRequestSchema: z.ZodType<KeptRequest> = z.object({
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
  seen: z.record(z.string(), z.string()).optional(),
});
