import type { PageEnd, PageRows, RowSteps } from '../../source/data-source.ts';
import type { ReplySink } from '../reply/reply-sink.ts';

/** Milliseconds that bytes wait for more of them before they are sent although the buffer is not full. */
const patience = 50;

/** Where rows find room. */
export interface Room {
  /** False: there is none for more than one row, and the page has to end. */
  make(): Promise<boolean>;
  /** Sends what is there when that takes no waiting: the source waits for more of it. For timers: never throws. */
  sendSome(): void;
}

export const roomOf = (sink: ReplySink, wait: PageRows['wait']): Room => ({
  make: () => makeRoom(sink, wait),
  sendSome: () => sink.flushIfFree(),
});

/**
 * Runs the rows to their end, and sends them as they fill the sink. The client's back-pressure holds up the steps, and so
 * the source; a client that sleeps too long for it gets a page that ends early.
 */
export async function pump(steps: RowSteps, room: Room): Promise<PageEnd> {
  let late: NodeJS.Timeout | undefined;
  let hasRoom = true;
  try {
    for (;;) {
      const step = await steps.next(hasRoom);
      clearTimeout(late);
      if (step.done === true) {
        return step.value;
      }
      if (step.value === 'waiting') {
        late = setTimeout(() => room.sendSome(), patience);
      } else if (step.value === 'full') {
        hasRoom = await room.make();
      }
    }
  } catch (error) {
    clearTimeout(late);
    // The source lets go of what it reads from, and throws the same again.
    await steps.throw(error);
    throw error;
  }
}

async function makeRoom(sink: ReplySink, wait: PageRows['wait']): Promise<boolean> {
  if (wait === null) {
    await sink.flush();
    return true;
  }
  const hasRoom = await sink.makeRoom(wait);
  if (!hasRoom) {
    sink.dropCopy();
  }
  return hasRoom;
}
