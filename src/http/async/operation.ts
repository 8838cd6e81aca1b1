import { randomBytes } from 'node:crypto';
import { CapturedReply } from '../reply/captured-reply.ts';
import type { ReplySpool } from './reply-spool.ts';
import type { SeenSets } from './seen-sets.ts';
import type { KeptRequest } from './shared-requests.ts';

/** One request that is answered later. */
export interface Operation {
  /** Not to be guessed: 192 random bits. */
  readonly token: string;
  /** Name of the credential that asked; null: everybody may read this feed. */
  readonly owner: string | null;
  /** What was seen by who asked when he did. */
  readonly seen: SeenSets;
  /** Whom it counts for. */
  readonly holder: string;
  /** How another gateway can make the reply; null: it must not know. */
  readonly request: KeptRequest | null;
  /** The other gateways know of it. */
  noted: boolean;
  readonly spool: ReplySpool;
  readonly abort: AbortController;
  state: 'running' | 'finished' | 'broken';
  /** Why it broke off; null: it did not, or the log has the reason. */
  fault: unknown;
  /** Resolves when it runs no more. Never rejects. */
  ended: Promise<void>;
}

export interface OperationSource extends Pick<Operation, 'owner' | 'seen' | 'holder' | 'request'> {
  readonly method: string;
  readonly spool: ReplySpool;
  /** The pipeline; never throws. */
  run(reply: CapturedReply): Promise<void>;
}

/** Starts the request; it runs whether or not anybody is connected. */
export function startOperation(source: OperationSource): Operation {
  const { owner, seen, holder, request, method, spool, run } = source;
  const abort = new AbortController();
  const reply = new CapturedReply(method, spool, abort.signal);
  const operation: Operation = {
    token: randomBytes(24).toString('base64url'),
    owner,
    seen,
    holder,
    request,
    noted: false,
    spool,
    abort,
    state: 'running',
    fault: null,
    ended: Promise.resolve(),
  };
  operation.ended = run(reply)
    .then(() => reply.whole)
    .then(
      () => {
        operation.state = 'finished';
      },
      (fault: unknown) => {
        operation.state = 'broken';
        operation.fault = fault;
      },
    );
  return operation;
}
