import { LRUCache } from 'lru-cache';
import type { CompiledQuery, CountByBlocks } from '../../sql/compiled-query.ts';
import { chunkBits } from '../../sql/row-chunk.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { singleCell } from './single-row.ts';

/** What a count needs to know of the read it belongs to. */
export interface CountSource {
  readonly session: ReadSession;
  /** Data versions of the sets in the session's snapshot, as `currentVersions` gives them; null: unknown. */
  readonly versions: () => Promise<string | null>;
}

export interface CountLimits {
  /** Row numbers that a set has at least whose counts are kept. */
  readonly fewestRows: number;
  /** Milliseconds that a plain count takes at least which is made by blocks when it is asked for again. */
  readonly slow: number;
}

const usual: CountLimits = { fewestRows: 200_000, slow: 100 };
/** Blocks of one count: twice as many at most. */
const mostBlocks = 32_768;
/** Bytes of all counts together. */
const mostBytes = 16_000_000;
/** Milliseconds. Loads tell what they change; what somebody changes by hand, past them, is counted after this time. */
const lifetime = 86_400_000;

/** Rows that count, by blocks of row numbers, at one data version. */
interface Blocks {
  readonly version: bigint;
  readonly epoch: string;
  readonly shift: number;
  /** One for each block that there is, whether something counts there or not. */
  readonly counts: Uint32Array;
  /** When all of them were counted at once, by the clock of `KeptCounts`. */
  readonly madeAt: number;
}

/** Of one statement that took long: what each server gave that is read, by its start and the table. */
type Kept = ReadonlyMap<string, Blocks>;

/**
 * Counts of large sets by blocks of row numbers, those asked for last. After a load only blocks in which something changed are counted again: see
 * `CountByBlocks`. Each of them is exact, since blocks and version are read in one snapshot.
 */
export class KeptCounts {
  readonly #kept: LRUCache<string, Kept>;
  readonly #limits: CountLimits;
  readonly #now: () => number;

  /** `now`: milliseconds of a clock that never goes back and never stands at 0. */
  constructor(limits: Partial<CountLimits> = {}, now: () => number = () => performance.now()) {
    this.#limits = { ...usual, ...limits };
    this.#now = now;
    this.#kept = new LRUCache({
      maxSize: mostBytes,
      sizeCalculation: (kept) => [...kept.values()].reduce((bytes, { counts }) => bytes + counts.byteLength, 500),
    });
  }

  /** Whether a count is most likely made again in no time. `key` names the statement. */
  has(key: string): boolean {
    return (this.#kept.peek(key)?.size ?? 0) > 0;
  }

  /** The number of rows of a `SELECT count(*)`; `final`: the transaction may end with it. */
  async count(
    key: string,
    { text, blocks = null }: CompiledQuery,
    source: CountSource,
    ending: { readonly final: boolean },
  ): Promise<string> {
    const kept = this.#kept.get(key);
    if (blocks === null || kept === undefined) {
      return this.#plain(key, { text, keeps: blocks !== null }, source, ending);
    }
    const [greatest = '', server = ''] = (await singleCell(source.session, { text: blocks.probe })).split(' ');
    if (Number(greatest) < this.#limits.fewestRows) {
      return singleCell(source.session, { text }, ending);
    }
    const before = kept.get(server);
    const known = before !== undefined && this.#now() - before.madeAt < lifetime ? before : null;
    const made =
      (known === null ? null : await changed(known, blocks, source)) ??
      (await all(BigInt(greatest), blocks, { ...source, madeAt: this.#now() }));
    if (made.version !== null) {
      this.#keep(key, server, { ...made, version: made.version });
    }
    return String(made.counts.reduce((sum, rows) => sum + rows, 0));
  }

  /** A count that took long is made by blocks when it is made again, which takes up to twice as long and so is not done at first. */
  async #plain(
    key: string,
    { text, keeps }: { readonly text: string; readonly keeps: boolean },
    { session, versions }: CountSource,
    ending: { readonly final: boolean },
  ): Promise<string> {
    const started = this.#now();
    const rows = await singleCell(session, { text }, ending);
    // Where nobody tells versions, blocks would be counted in vain each time.
    if (keeps && this.#now() - started >= this.#limits.slow && (await versions()) !== null) {
      this.#kept.set(key, new Map());
    }
    return rows;
  }

  #keep(key: string, server: string, blocks: Blocks): void {
    const kept = this.#kept.get(key);
    const before = kept?.get(server);
    // Who counted at the same time may have seen more.
    if (before !== undefined && before.epoch === blocks.epoch && before.version > blocks.version) {
      return;
    }
    this.#kept.set(key, new Map([...(kept ?? []), [server, blocks]]));
  }
}

type Made = Omit<Blocks, 'version'> & { readonly version: bigint | null };

async function all(
  greatest: bigint,
  blocks: CountByBlocks,
  { madeAt, ...source }: CountSource & Pick<Blocks, 'madeAt'>,
): Promise<Made> {
  const shift = shiftOf(greatest);
  const found = countsIn(await singleCell(source.session, { text: blocks.all(shift) }));
  const { version, epoch } = (await versionOf(blocks.set, source)) ?? { version: null, epoch: '' };
  const none = new Uint32Array(Number(greatest >> BigInt(shift)) + 1);
  return { version, epoch, shift, madeAt, counts: withCounts(none, found) };
}

/** null: the rows are of another history, or too much of them changed. */
async function changed(known: Blocks, blocks: CountByBlocks, source: CountSource): Promise<Made | null> {
  const current = await versionOf(blocks.set, source);
  if (current === null || current.epoch !== known.epoch || current.version < known.version) {
    return null;
  }
  if (current.version === known.version) {
    return known;
  }
  const { version, shift, counts } = known;
  const text = await singleCell(source.session, { text: blocks.changed({ version, shift, blocks: counts.length }) });
  return text === 'all' ? null : { ...known, ...current, counts: withCounts(counts, countsIn(text)) };
}

async function versionOf(
  set: string,
  { versions }: CountSource,
): Promise<{ readonly version: bigint; readonly epoch: string } | null> {
  const own = (await versions())?.split(' ').find((one) => one.startsWith(`${set}=`));
  const [version = '', epoch = ''] = own?.slice(set.length + 1).split('/') ?? [];
  return version === '' ? null : { version: BigInt(version), epoch };
}

type BlockCount = readonly [block: number, rows: number];

/** Reads `block rows,block rows`. */
function countsIn(text: string): readonly BlockCount[] {
  return text === '' || text === '0'
    ? []
    : text.split(',').map((one) => {
        const [block = 0, rows = 0] = one.split(' ').map(Number);
        return [block, rows] as const;
      });
}

function withCounts(before: Uint32Array, counts: readonly BlockCount[]): Uint32Array {
  const after = new Uint32Array(counts.reduce((length, [block]) => Math.max(length, block + 1), before.length));
  after.set(before);
  for (const [block, rows] of counts) {
    after[block] = rows;
  }
  return after;
}

/** The smallest blocks of which there are not too many; not smaller than what removed rows are noted by. */
function shiftOf(greatest: bigint): number {
  let shift = chunkBits;
  while (greatest >> BigInt(shift) >= mostBlocks) {
    shift += 1;
  }
  return shift;
}
