import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';

/** Milliseconds between two tries, and how many there are: less together than a client may be kept waiting without a byte. */
const pause = 2000;
const tries = 30;

/**
 * A read of rows that a reply which has begun is to have too. A gateway that is busy is asked again for a while: whoever
 * came first waits for a reply of his own, while here all that was sent would be lost. Throws the signal's reason, or what
 * the read throws. `untouched`: nothing was read as yet.
 */
export async function untilAdmitted<T>(
  read: () => Promise<T>,
  { signal, untouched }: { readonly signal: AbortSignal; readonly untouched: () => boolean },
  wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown> = (milliseconds, aborting) =>
    delay(milliseconds, undefined, { signal: aborting }),
): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'Busy') || left === 1 || !untouched()) {
        throw error;
      }
    }
    await wait(pause, signal).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
}
