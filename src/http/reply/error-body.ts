import { type ErrorCode, GatewayError } from '../../errors.ts';

/** An OData error (OData JSON 19), ready to be sent. Never carries a stack. */
export interface ErrorReply {
  readonly status: number;
  readonly code: ErrorCode;
  readonly body: string;
  /** Seconds for Retry-After; null: none. */
  readonly retryAfter: number | null;
  /** What the fault itself asks for in WWW-Authenticate. Absent: nothing of its own. */
  readonly challenge?: string;
}

/** What every error reply has beside its body: OData JSON 19 asks for the language of the message. */
export const errorHeaders = {
  'Content-Type': 'application/json;odata.metadata=minimal;charset=utf-8',
  'Content-Language': 'en',
  'Cache-Control': 'no-store',
} as const;

/** Seconds after which a retriable fault is worth another try: within the 1 to 120 that Power Query understands. */
const retryAfterSeconds = 5;

/**
 * What the client is told about a fault. A GatewayError speaks for itself; anything else is a defect of the gateway and
 * is told as Internal with the request id, under which the log has the rest.
 */
export function errorReply(fault: unknown, requestId: string): ErrorReply {
  const error =
    fault instanceof GatewayError
      ? fault
      : new GatewayError('Internal', `The gateway failed; its log has the request ${requestId}`, { cause: fault });
  const details = [{ code: 'remedy', message: error.remedy }];
  const offset = error.offset === undefined ? {} : { '@gateway.offset': error.offset };
  const feature = error.feature === undefined ? {} : { '@gateway.feature': error.feature };
  const target = error.target === undefined ? {} : { target: error.target };
  const body = { error: { code: error.code, message: error.message, ...target, details, ...offset, ...feature } };
  const retryAfter = error.status === 503 || error.status === 429 ? (error.retryAfter ?? retryAfterSeconds) : null;
  const { status, code, challenge } = error;
  return { status, code, body: JSON.stringify(body), retryAfter, ...(challenge !== undefined && { challenge }) };
}
