/** Rows that a search looks at: what is unique among so many is so by design. */
const mostRows = 1_000_000;
const mostGroupRows = 200_000;
const mostCandidates = 8;

/** A column, or a group of them, whose values tell rows apart. */
export interface FoundKey {
  readonly columns: readonly number[];
  /** `all`: over all files; `file`: within each file, and rows come again in others. */
  readonly unique: 'all' | 'file';
  /** Rows that were looked at. */
  readonly rows: number;
}

/** Whether values that are given one after the other are all different. */
class Distinctness {
  #seen: Map<number, number> | null = new Map();
  /** A value came again in another file. */
  repeats = false;

  get holds(): boolean {
    return this.#seen !== null;
  }

  take(hash: number, file: number): void {
    const before = this.#seen?.get(hash);
    if (before === file) {
      this.#seen = null;
      return;
    }
    this.repeats ||= before !== undefined;
    this.#seen?.set(hash, file);
  }
}

/** Finds columns that are filled and different in every row of a file. */
export class SingleKeys {
  readonly #columns: Distinctness[];
  #rows = 0;

  constructor(width: number) {
    this.#columns = Array.from({ length: width }, () => new Distinctness());
  }

  take(cells: readonly string[], file: number): void {
    if (this.#rows >= mostRows) {
      return;
    }
    this.#rows += 1;
    for (const [place, column] of this.#columns.entries()) {
      if (column.holds) {
        column.take(hashOf(cells[place] ?? ''), file);
      }
    }
  }

  /** Those that were different in each file. */
  found(): readonly FoundKey[] {
    return this.#columns.flatMap((column, place) =>
      column.holds ? [{ columns: [place], unique: column.repeats ? 'file' : 'all', rows: this.#rows } as const] : [],
    );
  }
}

/** Finds the smallest group of given columns that is different in every row of a file. */
export class GroupKeys {
  readonly #groups: readonly { readonly columns: readonly number[]; readonly values: Distinctness }[];
  #rows = 0;

  /** `columns`: the likeliest first. */
  constructor(columns: readonly number[]) {
    const few = columns.slice(0, mostCandidates);
    this.#groups = [...groupsOf(few, 2), ...groupsOf(few, 3)].map((group) => ({
      columns: group,
      values: new Distinctness(),
    }));
  }

  get done(): boolean {
    return this.#rows >= mostGroupRows || this.#groups.every(({ values }) => !values.holds);
  }

  take(cells: readonly string[], file: number): void {
    if (this.#rows >= mostGroupRows) {
      return;
    }
    this.#rows += 1;
    for (const { columns, values } of this.#groups) {
      if (values.holds) {
        values.take(hashOf(columns.map((place) => cells[place]).join('\u001f')), file);
      }
    }
  }

  found(): FoundKey | null {
    const holding = this.#groups.filter(({ values }) => values.holds);
    const smallest = holding.filter(({ columns }) => columns.length === holding[0]?.columns.length);
    const first = smallest.find(({ values }) => !values.repeats) ?? smallest[0];
    return first === undefined
      ? null
      : { columns: first.columns, unique: first.values.repeats ? 'file' : 'all', rows: this.#rows };
  }
}

function groupsOf(columns: readonly number[], size: number): readonly (readonly number[])[] {
  if (size === 0) {
    return [[]];
  }
  return columns.flatMap((column, index) =>
    groupsOf(columns.slice(index + 1), size - 1).map((rest) => [column, ...rest]),
  );
}

/** 53 bits of a text (cyrb53, public domain): among a million rows two texts meet by chance once in ten thousand files. */
function hashOf(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
