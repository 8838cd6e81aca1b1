import type { GatewayError } from '../../errors.ts';

/** One request of a batch, as either format gives it. */
export interface InnerRequest {
  /** `Content-ID`, or `id` of the JSON format; null: none was given. */
  readonly id: string | null;
  /** Upper case. */
  readonly method: string;
  /** As written: absolute, an absolute path, or relative to the service root; may start with `$id`. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Ids that must have succeeded before. */
  readonly dependsOn: readonly string[];
  /** Condition of the JSON format, as written; null: all of `dependsOn` must have succeeded. */
  readonly condition: string | null;
  /** Name that the JSON format wants back. */
  readonly atomicityGroup: string | null;
  /** Why it is not run; it is told in its place. null: it is run. */
  readonly fault: GatewayError | null;
}

export interface BatchRequest {
  readonly format: BatchFormat;
  readonly requests: readonly InnerRequest[];
}

export type BatchFormat = 'multipart' | 'json';

/** What a request is besides its method, URL and headers, when nothing is said. */
export const plainRequest = {
  body: null,
  dependsOn: [],
  condition: null,
  atomicityGroup: null,
  fault: null,
} as const satisfies Partial<InnerRequest>;

/** `request-id` of the ABNF, with room for the ids that clients make. */
export const isRequestId = (id: string): boolean => /^[A-Za-z0-9._~-]{1,128}$/.test(id);
