import { type ErrorCode, type ErrorKind, errorCatalogue } from './error-catalogue.ts';
import type { UnsupportedFeature } from './unsupported-features.ts';

export type { ErrorCode } from './error-catalogue.ts';
export type { UnsupportedFeature } from './unsupported-features.ts';

export interface ErrorContext {
  /** The query option, property, file or setting that is at fault. */
  readonly target?: string;
  /** 0-based offset into the decoded text that was read. */
  readonly offset?: number;
  readonly cause?: unknown;
  /** More lines for people, e.g. the first rows at fault. */
  readonly details?: readonly string[];
  /** Whole seconds after which trying again makes sense, for `Retry-After`. */
  readonly retryAfter?: number;
  /** What `WWW-Authenticate` asks the client for, where it is not the gateway's own sign-in that is wanted. */
  readonly challenge?: string;
}

/** A 501 names what is not done: the list of it is closed. */
export interface UnsupportedContext extends ErrorContext {
  readonly feature: UnsupportedFeature;
}

/** The only error thrown on purpose. `message` is one sentence for people; the code is for programs. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly target: string | undefined;
  readonly offset: number | undefined;
  readonly retryAfter: number | undefined;
  readonly challenge: string | undefined;
  readonly details: readonly string[];
  /** What is not done, where the code is `NotImplemented`. */
  readonly feature: UnsupportedFeature | undefined;

  constructor(code: 'NotImplemented', message: string, context: UnsupportedContext);
  constructor(code: Exclude<ErrorCode, 'NotImplemented'>, message: string, context?: ErrorContext);
  constructor(code: ErrorCode, message: string, context: ErrorContext & Partial<UnsupportedContext> = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.target = context.target;
    this.offset = context.offset;
    this.retryAfter = context.retryAfter;
    this.challenge = context.challenge;
    this.feature = context.feature;
    this.details = context.details ?? [];
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  get recovery(): ErrorKind['recovery'] {
    return errorCatalogue[this.code].recovery;
  }

  get affects(): ErrorKind['affects'] {
    return errorCatalogue[this.code].affects;
  }

  get remedy(): string {
    return errorCatalogue[this.code].remedy;
  }
}

/**
 * The message for whoever runs the program. That of a defect says nothing to clients of what went wrong inside; here it has the
 * reason too, since a command has no log to look into.
 */
export function operatorMessage(error: GatewayError): string {
  const { code, message, cause } = error;
  const reason = code === 'Internal' && cause instanceof Error ? cause.message : '';
  return reason === '' || message.includes(reason) ? message : `${message.replace(/\.$/, '')}: ${reason}`;
}
