import { operatorMessage } from '../../errors.ts';
import { examineFile, type FileFacts } from '../csv/file-facts.ts';
import { noteFile } from '../ledger/ledger.ts';
import { type IngestContext, type LoadOptions, saidSource } from '../load/load-file.ts';
import type { Arrival, Delivery, Outcome } from './delivery.ts';
import { type IngestResult, loadEvent } from './ingest-result.ts';
import { attempt, outcomeOf } from './take/attempt.ts';
import { FolderSpool } from './take/spool.ts';
import { takeFile } from './take/take-file.ts';
import { SettledMembers } from './take/take-options.ts';

export interface ReceiveOptions<A extends Arrival> extends Pick<LoadOptions, 'observe' | 'mayGoOn'> {
  /**
   * Given what became of each file, after it was settled, as `observe` is told of its load; of one that waits only once, as long as it waits
   * for the same.
   */
  readonly onOutcome?: (arrival: A, outcome: Outcome) => void;
  /** Ends the round after the file at hand; the others wait for the next one. */
  readonly signal?: AbortSignal;
  /** Folder for the bytes of files that come from elsewhere. Default: the system's for temporary files. */
  readonly spoolFolder?: string;
}

/**
 * Takes in what one delivery brings, round by round: the one loop of all deliveries. Each file is fetched, its bytes are digested, it is loaded
 * as what its place and its header say (of a container, each member), noted where that failed for good, and settled.
 */
export class Receiver<A extends Arrival> {
  readonly #context: IngestContext;
  readonly #delivery: Delivery<A>;
  readonly #options: ReceiveOptions<A>;
  readonly #settled = new SettledMembers();
  /** What was told last of files that wait, by id. */
  readonly #waiting = new Map<string, string>();

  constructor(context: IngestContext, delivery: Delivery<A>, options: ReceiveOptions<A> = {}) {
    this.#context = context;
    this.#delivery = delivery;
    this.#options = options;
  }

  /**
   * One round; only one at a time. Throws what affects everything (DatabaseUnavailable, StorageFull), where files wait that have not been
   * come to, and what `Delivery.arrivals` throws.
   */
  async round(): Promise<void> {
    for await (const arrival of this.#delivery.arrivals()) {
      if (this.#options.signal?.aborted === true) {
        break;
      }
      await this.#receive(arrival);
    }
  }

  async #receive(arrival: A): Promise<void> {
    const spool = new FolderSpool(this.#options.spoolFolder);
    try {
      const outcome = await this.#take(arrival, spool);
      await this.#settle(arrival, outcome);
      if (this.#isNews(arrival, outcome)) {
        this.#options.onOutcome?.(arrival, outcome);
        this.#options.observe?.(loadEvent(outcome.result));
      }
    } finally {
      await spool.clear();
    }
  }

  async #take(arrival: A, spool: FolderSpool): Promise<Outcome> {
    const examined: FileFacts[] = [];
    const result = await attempt(arrival.id, async () => {
      const spooled = await this.#delivery.fetch(arrival, spool);
      const facts = { ...(await examineFile(spooled.path)), name: arrival.name };
      examined.push(facts);
      return this.#load(arrival, facts);
    });
    const outcome = outcomeOf(examined.reduce((named, { path }) => renamed(named, path, arrival.id), result));
    for (const facts of outcome.fate === 'refused' ? examined : []) {
      await this.#note(arrival, facts, result);
    }
    return outcome;
  }

  #load(arrival: A, facts: FileFacts): ReturnType<typeof takeFile> {
    const { observe, mayGoOn, spoolFolder } = this.#options;
    const { below, target } = arrival;
    return takeFile(this.#context, facts, {
      ...target,
      ...{ below, settled: this.#settled },
      ...(spoolFolder === undefined ? {} : { spoolFolder }),
      ...(observe === undefined ? {} : { observe }),
      ...(mayGoOn === undefined ? {} : { mayGoOn }),
    });
  }

  /** A refused file was noted by the load; one on which the program stumbled was not. */
  async #note({ below, target }: A, facts: FileFacts, result: IngestResult): Promise<void> {
    if (result.state !== 'failed') {
      return;
    }
    const { code } = result.error;
    const message = `${code}: ${operatorMessage(result.error)}`;
    await noteFile(this.#context.database, facts, {
      ...{ state: 'failed', code, target: null, message, below },
      source: saidSource(this.#context.catalogue, target),
    });
  }

  async #settle(arrival: A, outcome: Outcome): Promise<void> {
    try {
      await this.#delivery.settle(arrival, outcome);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.observe?.({ event: 'not-settled', file: arrival.id, reason });
    }
  }

  #isNews({ id, version }: A, { fate, result }: Outcome): boolean {
    if (fate !== 'waits') {
      this.#waiting.delete(id);
      return true;
    }
    const said = `${version} ${result.error.message}`;
    if (this.#waiting.get(id) === said) {
      return false;
    }
    this.#waiting.set(id, said);
    return true;
  }
}

/** A result as whoever reads it knows the file: in the spool its bytes have another name. */
function renamed(result: IngestResult, spooled: string, id: string): IngestResult {
  const path = result.path === spooled ? id : result.path;
  if (!('members' in result) || result.members === undefined) {
    return { ...result, path };
  }
  const inside = `${spooled}/`;
  const members = result.members.map((one) =>
    one.path.startsWith(inside) ? { ...one, path: `${id}/${one.path.slice(inside.length)}` } : one,
  );
  return { ...result, path, members };
}
