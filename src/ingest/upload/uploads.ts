import path from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { IngestEvent } from '../../observation/events/ingest.ts';
import type { Observe } from '../../observation/observe.ts';
import { Turns } from '../../warehouse/admission/turns.ts';
import type { Outcome } from '../delivery/delivery.ts';
import { fileNameFault } from '../delivery/file-name.ts';
import { filesOf } from '../delivery/ingest-result.ts';
import { Receiver } from '../delivery/receive.ts';
import { placeOf } from '../delivery/source-folders.ts';
import { type LoadReport, loadReport, reportOfBytes } from '../ledger/load-report.ts';
import type { IngestContext } from '../load/load-file.ts';
import { type UploadArrival, UploadDelivery } from './upload-delivery.ts';
import type { UploadOrder, UploadOutcome } from './upload-order.ts';
import { append, damaged, digestOf, type Part, type PartFacts, UploadParts } from './upload-parts.ts';

export interface UploadSettings {
  /** Where parts, files that wait, and those that were taken in lie. */
  readonly folder: string;
  /** Bytes of one file. */
  readonly largest: number;
  /** Uploads at once; more are told to come again. */
  readonly most?: number;
  /** Milliseconds that the part of a file is kept after something was added to it. */
  readonly keepsParts?: number;
  /** Throws what keeps so many bytes from being taken now: DatabaseUnavailable, StorageFull. */
  readonly mayTake?: (bytes: number) => void | Promise<void>;
  /** Asked while a file is read; throws what ends the load. */
  readonly mayGoOn?: () => void;
  readonly observe?: Observe<IngestEvent>;
}

/** What goes on for one name. */
interface Work {
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  /** Aborts where somebody goes on with the file over another connection; null: all has come, and it is loaded. */
  receiving: AbortController | null;
}

/** Loads of uploads at once: those of one set wait for each other anyway, and each holds a connection. */
const loadsAtOnce = 2;

/**
 * Files that others send: the bytes of each are written to a part as they come, which becomes an arrival with its last byte, and is taken in at once by
 * the loop of all deliveries. From then on the file is ours: whether the sender waits for the outcome or leaves, it is loaded, now or, where PostgreSQL is
 * away, in a later round.
 */
export class Uploads {
  readonly #context: IngestContext;
  readonly #settings: UploadSettings;
  readonly #parts: UploadParts;
  readonly #delivery: UploadDelivery;
  readonly #receiver: Receiver<UploadArrival>;
  readonly #loads = new Turns(loadsAtOnce);
  readonly #stopping = new AbortController();
  /** What is sent or loaded right now, by source and name. */
  readonly #busy = new Map<string, Work>();

  constructor(context: IngestContext, settings: UploadSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#parts = new UploadParts(path.join(settings.folder, 'parts'));
    this.#delivery = new UploadDelivery(settings.folder, settings.observe);
    this.#receiver = this.#receiverOf(this.#delivery);
  }

  /** The name that the metadata has for a source of files; null: it has none. However people write its case, blanks and hyphens. */
  sourceNamed(name: string): string | null {
    return placeOf(`${name}/file`, this.#context.catalogue).source ?? null;
  }

  /**
   * What is known before a byte was read. Throws GatewayError SourceUnknown, BadRequest (a name that is none), UploadTooLarge, ExportUnknown, and what
   * keeps the file from being taken now.
   */
  async check(order: UploadOrder): Promise<void> {
    this.#sourceOf(order);
    const fault = fileNameFault(order.name);
    if (fault !== null) {
      throw new GatewayError('BadRequest', `The file is not taken: its name ${fault}`);
    }
    const { largest } = this.#settings;
    if ((order.total ?? order.length ?? 0) > largest) {
      throw tooLarge(largest);
    }
    await this.#settings.mayTake?.((order.total ?? order.length ?? 0) - order.from);
  }

  /** The newest load of these bytes into the source; null: they are not known. */
  async known(order: UploadOrder, sha256: string): Promise<UploadOutcome | null> {
    const report = await reportOfBytes(this.#context.database, this.#sourceOf(order), sha256);
    return report === null ? null : { fate: 'known', report };
  }

  /** Bytes of the file that are here, where nothing more is sent. A whole one is taken in. */
  async ask(order: UploadOrder): Promise<UploadOutcome> {
    return this.#alone({ order, resumes: true }, async (source, own) => {
      const part = await this.#partOf(source, order);
      own.receiving = null;
      if (part !== null && part.size === order.total) {
        return this.#finish(part, order.sha256);
      }
      return { fate: 'incomplete', arrived: part?.size ?? 0 };
    });
  }

  /**
   * Takes the bytes of a file, or of the part that follows what is here, and loads the file when they are all. Throws what reading the bytes throws: what
   * came of a file whose length is known stays. `signal` aborts when the sender goes on over another connection. Throws UploadBusy, Busy, UploadTooLarge, DigestMismatch, StorageFull, BadRequest.
   */
  async take(order: UploadOrder, bytes: (signal: AbortSignal) => AsyncIterable<Uint8Array>): Promise<UploadOutcome> {
    return this.#alone({ order, resumes: order.from > 0 }, async (source, own) => {
      const part =
        order.from === 0 ? await this.#parts.begin(factsOf(order, source)) : await this.#partOf(source, order);
      if (part === null || part.size !== order.from) {
        return { fate: 'misplaced', arrived: part?.size ?? 0 };
      }
      const { signal } = own.receiving ?? new AbortController();
      const size = await this.#append(part, order, bytes(signal)).finally(() => {
        own.receiving = null;
      });
      if (order.length !== null && size - order.from < order.length) {
        throw new GatewayError(
          'BadRequest',
          `The body has ${size - order.from} bytes, not the ${order.length} announced`,
        );
      }
      if (order.total !== null && size < order.total) {
        return { fate: 'incomplete', arrived: size };
      }
      return this.#finish({ ...part, size }, order.sha256);
    });
  }

  /** Takes in what waits, and forgets parts that nobody goes on with. Throws what affects everything. */
  async round(): Promise<void> {
    const { keepsParts = 86_400_000, observe } = this.#settings;
    for (const { facts, size } of await this.#parts.forget(Date.now() - keepsParts)) {
      const { source, name, total } = facts;
      observe?.({ event: 'upload-expired', file: `${source}/${name}`, bytes: size, totalBytes: total });
    }
    await this.#receiver.round();
  }

  /** No load begins any more; what waits is found by the next start. */
  stop(): void {
    this.#stopping.abort(
      new GatewayError('Busy', 'The gateway is being stopped; the file is loaded at its next start'),
    );
  }

  async #append(part: Part, order: UploadOrder, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const { largest } = this.#settings;
    const most = Math.min(order.length ?? Number.MAX_SAFE_INTEGER, (order.total ?? largest) - order.from);
    const tooMany = () =>
      order.total === null && order.length === null
        ? tooLarge(largest)
        : new GatewayError('BadRequest', `The body has more than the ${most} bytes announced`);
    try {
      return await append(part, bytes, { most, tooMany, sha256: order.partSha256 });
    } catch (error) {
      const full = isNoSpace(error);
      // The end of a file of unknown length is nowhere: nobody could go on. And what filled the disk is not kept there.
      if (full || order.total === null) {
        await this.#parts.remove(part);
      }
      throw full ? noSpace(error) : error;
    }
  }

  /**
   * One at a time of each name, and not too many of all. Who goes on with a file (`resumes`) has lost the connection over which it was sent before, whether
   * or not this machine has noticed: that one ends.
   */
  async #alone(
    { order, resumes }: { readonly order: UploadOrder; readonly resumes: boolean },
    work: (source: string, own: Work) => Promise<UploadOutcome>,
  ): Promise<UploadOutcome> {
    const source = this.#sourceOf(order);
    const key = `${source}/${order.name}`;
    const before = this.#busy.get(key);
    if (resumes && before !== undefined && before.receiving !== null) {
      before.receiving.abort();
      await before.ended;
    }
    this.#requireFree(key);
    let end: () => void = () => {};
    const own: Work = { ended: new Promise((resolve) => (end = resolve)), receiving: new AbortController() };
    this.#busy.set(key, own);
    try {
      return await work(source, own);
    } finally {
      this.#busy.delete(key);
      end();
    }
  }

  /** Throws UploadBusy and Busy. */
  #requireFree(key: string): void {
    const { most = 8 } = this.#settings;
    if (this.#busy.has(key)) {
      throw new GatewayError('UploadBusy', `${key} is being uploaded or loaded by another request`);
    }
    if (this.#busy.size >= most) {
      throw new GatewayError('Busy', `${most} files are being uploaded, which is as many as may be at once`);
    }
  }

  /** What is here of this file; null: nothing, or of another file of its name. */
  async #partOf(source: string, order: UploadOrder): Promise<Part | null> {
    const part = await this.#parts.find(source, order.name);
    if (part === null || part.facts.total !== order.total) {
      return null;
    }
    const { sha256, modifiedAt } = part.facts;
    const said = order.modifiedAt?.toISOString() ?? null;
    const differs = (here: string | null, now: string | null): boolean => here !== null && now !== null && here !== now;
    return differs(sha256, order.sha256) || differs(modifiedAt, said) ? null : part;
  }

  async #finish(part: Part, said: string | null): Promise<UploadOutcome> {
    const sha256 = said ?? part.facts.sha256;
    const twins = (await this.#delivery.waiting()).filter(
      ({ below, size }) => below === belowOf(part) && size === part.size,
    );
    const found = sha256 !== null || twins.length > 0 ? await digestOf(part.path) : null;
    if (sha256 !== null && found !== sha256) {
      await this.#parts.remove(part);
      throw damaged(sha256, found ?? '');
    }
    for (const twin of twins) {
      if ((await digestOf(twin.path)) === found) {
        // Sent again because the first time it had to wait: one is enough.
        await this.#parts.remove(part);
        if (!this.#delivery.reserve(twin)) {
          throw new GatewayError('UploadBusy', `${twin.below} is being loaded`);
        }
        return this.#load(twin);
      }
    }
    const arrival = await this.#delivery.add(part.path, part.facts).catch((error: unknown) => {
      throw isNoSpace(error) ? noSpace(error) : error;
    });
    await this.#parts.remove(part);
    return this.#load(arrival);
  }

  /** Takes one arrival in. What keeps it from being loaded now, it waits for. */
  async #load(arrival: UploadArrival): Promise<UploadOutcome> {
    const outcomes: Outcome[] = [];
    try {
      await this.#loads.take(this.#stopping.signal);
      try {
        await this.#receiverOf(only(arrival, this.#delivery), (outcome) => outcomes.push(outcome)).round();
      } finally {
        this.#loads.give();
      }
    } catch (error) {
      return { fate: 'waits', error: error instanceof Error ? error : new Error(String(error)) };
    } finally {
      this.#delivery.release(arrival);
    }
    const [outcome] = outcomes;
    if (outcome === undefined) {
      throw new Error(`nothing became of the upload ${arrival.below}`);
    }
    return this.#told(arrival, outcome);
  }

  async #told(arrival: UploadArrival, { fate, result }: Outcome): Promise<UploadOutcome> {
    if (fate !== 'accepted') {
      return { fate, error: namingTheFile(result.error, arrival) };
    }
    const report = await this.#report(result.state === 'duplicate' ? result.earlier : result.loadId);
    if (result.state !== 'unpacked') {
      return { fate: result.state === 'duplicate' ? 'known' : 'loaded', report };
    }
    const members: LoadReport[] = [];
    for (const member of filesOf(result)) {
      members.push(...('loadId' in member ? [await this.#report(member.loadId)] : []));
    }
    return { fate: members.length === 0 ? 'known' : 'loaded', report, members };
  }

  async #report(loadId: string): Promise<LoadReport> {
    const report = await loadReport(this.#context.database, loadId);
    if (report === null) {
      throw new Error(`the ledger has no load ${loadId}`);
    }
    return report;
  }

  #receiverOf(
    delivery: UploadDelivery | ReturnType<typeof only>,
    onOutcome?: (outcome: Outcome) => void,
  ): Receiver<UploadArrival> {
    const { observe, mayGoOn } = this.#settings;
    return new Receiver<UploadArrival>(this.#context, delivery, {
      ...(onOutcome === undefined ? {} : { onOutcome: (_, outcome) => onOutcome(outcome) }),
      ...(observe === undefined ? {} : { observe }),
      ...(mayGoOn === undefined ? {} : { mayGoOn }),
      signal: this.#stopping.signal,
    });
  }

  #sourceOf({ source }: UploadOrder): string {
    const name = this.sourceNamed(source);
    if (name === null) {
      throw new GatewayError('SourceUnknown', `There is no source of files named ${source.slice(0, 100)}`);
    }
    return name;
  }
}

/** The delivery with one arrival alone. */
const only = (arrival: UploadArrival, delivery: UploadDelivery) => ({
  async *arrivals(): AsyncGenerator<UploadArrival> {
    yield arrival;
  },
  fetch: (one: UploadArrival) => delivery.fetch(one),
  settle: (one: UploadArrival, outcome: Outcome) => delivery.settle(one, outcome),
});

/** The sender knows the file by its name, and no path of this machine. */
function namingTheFile(error: GatewayError, { path: here, name }: UploadArrival): GatewayError {
  const { code, message, details, cause, retryAfter } = error;
  if (code === 'NotImplemented') {
    return error;
  }
  const context = { target: name, details, cause, ...(retryAfter === undefined ? {} : { retryAfter }) };
  return new GatewayError(code, message.replaceAll(here, name), context);
}

const belowOf = ({ facts: { source, name } }: Part): string => `${source}/${name}`;

const factsOf = (
  { name, export: named, period, sha256, total, modifiedAt }: UploadOrder,
  source: string,
): PartFacts => ({
  ...{ source, name, export: named, period, sha256, total },
  modifiedAt: modifiedAt?.toISOString() ?? null,
  startedAt: new Date().toISOString(),
});

const tooLarge = (largest: number): GatewayError =>
  new GatewayError('UploadTooLarge', `A file may have ${largest} bytes at most`);

const noSpace = (cause: unknown): GatewayError =>
  new GatewayError('StorageFull', 'No space is left for files that are uploaded', { cause });

const isNoSpace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
