import { type ScheduledTask, schedule } from 'node-cron';
import { modelChanges } from '../edm/model-changes.ts';
import { type ReadMetadata, readMetadata } from '../edm/read-metadata.ts';
import { GatewayError } from '../errors.ts';
import type { UpstreamEvent } from '../observation/events/upstream.ts';
import type { Observe } from '../observation/observe.ts';
import { callerClient } from './client/caller-client.ts';
import { toldClient } from './client/told-client.ts';
import type { UpstreamClient } from './client/upstream-client.ts';
import { outageOf, outageReason } from './client/upstream-fault.ts';
import { fetchMetadata } from './fetch-metadata.ts';
import { keepMetadataCopy, readMetadataCopy } from './metadata-copy.ts';
import type { UpstreamState } from './upstream.ts';

/** Milliseconds that the start, and a request that needs a model never read, wait for `$metadata`. */
const firstContact = 5000;
/** Milliseconds after a failure before a request causes another attempt. */
const pause = 10_000;

export interface KnownMetadataOf {
  /** Name of the source. */
  readonly source: string;
  readonly client: UpstreamClient;
  /** Where the last good document is kept. */
  readonly dataDir: string;
  /** Cron expression in UTC: when the document is asked for again. */
  readonly schedule: string;
  /** The feed is asked with the token of whoever asks, so that nobody is told what another one was. */
  readonly passesCaller: boolean;
  readonly observe: Observe<UpstreamEvent>;
  /**
   * Takes a newly read model into the served catalogue and gives back the differences from the documents, one sentence each.
   * Throwing keeps the old model.
   */
  readonly adopt: (read: ReadMetadata) => readonly string[];
  /** Has what was found out by this document, and by no other, known again. */
  readonly restoreFindings: (xml: string) => Promise<unknown>;
}

/**
 * The `$metadata` of a proxied feed as last read: from disk at the start, anew on a schedule, and after a failure when its sets
 * are asked for. A feed that is down keeps the model that was known of it.
 */
export class KnownMetadata {
  readonly #of: KnownMetadataOf;
  readonly #schedule: ScheduledTask;
  #known: ReadMetadata | null = null;
  #differences: readonly string[] = [];
  #readAt: Date | null = null;
  #failure: string | null = null;
  /** The failure, where clients may see it. */
  #shown: GatewayError | null = null;
  #refreshing: Promise<void> | null = null;
  #attemptedAt = 0;

  constructor(of: KnownMetadataOf) {
    this.#of = of;
    this.#schedule = schedule(of.schedule, () => this.refresh(), { timezone: 'UTC' });
  }

  /** As last read; null: it never was. */
  get read(): ReadMetadata | null {
    return this.#known;
  }

  /** From the copy of an earlier run, then from the feed, for which it waits a few seconds at most. Never fails because the feed is down. */
  async begin(): Promise<void> {
    await this.#restore();
    await within(firstContact, this.refresh());
  }

  refresh(): Promise<void> {
    return this.#refresh(null);
  }

  /**
   * After a failure the document is asked for again; a request waits for it only where none is known at all.
   * `caller`: whose token is at hand, where the feed is asked with that.
   */
  async reached(caller: string | null): Promise<void> {
    if (this.#failure === null && this.#known !== null) {
      return;
    }
    const again = Date.now() - this.#attemptedAt >= pause || this.#refreshing !== null;
    if (this.#known !== null) {
      if (again) {
        void this.#refresh(caller);
      }
      return;
    }
    let shown: GatewayError | null = null;
    // Each with a token of their own: nobody is answered what another one was.
    const reading = this.#of.passesCaller
      ? this.#readNow(caller).then((error) => {
          shown = error;
        })
      : this.#refresh(null);
    await within(firstContact, reading);
    if (this.#known === null) {
      throw notReached(this.#of.source, this.#of.passesCaller ? shown : this.#shown);
    }
  }

  state(): UpstreamState {
    const { source, client } = this.#of;
    const [metadataReadAt, failure, differences] = [this.#readAt, this.#failure, this.#differences];
    return { source, url: client.root.href, metadataReadAt, failure, differences };
  }

  async close(): Promise<void> {
    await this.#schedule.destroy();
  }

  /** A copy that cannot be used is passed over. */
  async #restore(): Promise<void> {
    const { dataDir, source, client, restoreFindings } = this.#of;
    const copy = await readMetadataCopy(dataDir, source, client.root.href);
    if (copy === null) {
      return;
    }
    try {
      this.#take(readMetadata(copy));
      await restoreFindings(copy);
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }

  #refresh(caller: string | null): Promise<void> {
    this.#refreshing ??= this.#readNow(caller)
      .then(() => undefined)
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  /** Resolves to why it could not be read, where clients may see it. */
  async #readNow(caller: string | null): Promise<GatewayError | null> {
    const { source, client, dataDir, observe, restoreFindings } = this.#of;
    this.#attemptedAt = Date.now();
    const told = toldClient(source, client, observe);
    try {
      const { xml, read } = await fetchMetadata(source, callerClient(told, caller));
      this.#take(read);
      // What was found out by another document is forgotten before anybody else asks.
      await restoreFindings(xml);
      this.#readAt = new Date();
      this.#failure = null;
      await keepMetadataCopy(dataDir, { source, url: client.root.href }, xml);
    } catch (error) {
      const reason = outageOf(error)?.kind === 'unreachable' ? ` (${outageReason(error)})` : '';
      this.#failure = `${messageOf(error)}${reason}`;
      this.#shown = error instanceof GatewayError ? error : null;
      if (this.#shown?.code === 'Unauthorized') {
        // Not the feed's fault, nor ours: whoever asks next may have a token that it takes.
        return this.#shown;
      }
    }
    observe({ event: 'upstream', ...outcomeOf(this.state()) });
    return this.#failure === null ? null : this.#shown;
  }

  #take(read: ReadMetadata): void {
    const { source, adopt, observe } = this.#of;
    const differences = adopt(read);
    const changes = this.#known === null ? [] : modelChanges(this.#known.model, read.model);
    this.#known = read;
    if (changes.length > 0) {
      observe({ event: 'upstream-changed', source, count: changes.length, message: shortened(changes) });
    }
    this.#differences = [
      ...differences,
      ...read.dropped.map(({ path, reason }) => `${path} is not served: ${reason}.`),
    ];
  }
}

/** How a reading of `$metadata` ended. */
function outcomeOf({ source, failure, differences }: UpstreamState) {
  if (failure !== null) {
    return { source, state: 'down', message: failure } as const;
  }
  return {
    source,
    state: 'ok',
    message: `$metadata read, ${differences.length} differences from the documents`,
  } as const;
}

/** A refusal is one, whether the feed was ever reached or not: it does not go away by itself. */
function notReached(source: string, failure: GatewayError | null): GatewayError {
  if (failure?.code === 'UpstreamRefused' || failure?.code === 'Unauthorized') {
    return failure;
  }
  const why = failure === null ? '' : ` (${failure.message})`;
  return new GatewayError('UpstreamUnavailable', `The proxied feed ${source} has not been reached yet${why}.`, {
    retryAfter: pause / 1000,
  });
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Changes that are told one by one. */
const mostTold = 20;

const shortened = (changes: readonly string[]): string =>
  [...changes.slice(0, mostTold), ...(changes.length > mostTold ? ['...'] : [])].join(' ');

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
