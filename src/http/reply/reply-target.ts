import type { Writable } from 'node:stream';

/**
 * Where one reply goes: the response of a real connection, or one that is captured because it is part of another reply
 * (batch) or asked for later (asynchronous request). The pipeline knows no difference.
 */
export interface ReplyTarget extends Writable {
  statusCode: number;
  readonly headersSent: boolean;
  readonly req: { readonly method?: string | undefined };
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers?: Record<string, string>): unknown;
}
