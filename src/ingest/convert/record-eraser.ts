import type { TextRecord } from '../csv/read-records.ts';
import { unguarded } from '../identify/blank-cells.ts';
import { type HeaderMatch, namedWidth } from '../identify/match-header.ts';
import type { ErasureRules } from '../personal/erasure-rules.ts';
import type { Persons } from '../personal/persons.ts';

/** What becomes of a record: null: it stays; `remove`; or the fields that are emptied. */
export type RecordErasure = 'remove' | ReadonlySet<number> | null;

/** Finds erased persons in the records of a file, and takes them out. */
export class RecordEraser {
  /** Records that were left out. */
  left = 0;
  readonly #rules: ErasureRules;
  readonly #persons: Persons;
  readonly #delimiter: string;
  /** Property to field. */
  readonly #fields: ReadonlyMap<string, number>;
  readonly #unknown: readonly number[];
  readonly #least: number;
  readonly #most: number;

  constructor(
    rules: ErasureRules,
    persons: Persons,
    { match, delimiter }: { readonly match: HeaderMatch; readonly delimiter: string },
  ) {
    this.#rules = rules;
    this.#persons = persons;
    this.#delimiter = delimiter;
    this.#least = namedWidth(match.cells);
    this.#most = match.cells.length;
    this.#fields = new Map(
      match.cells.flatMap(({ column, index }) => (column === null ? [] : [[column.property, index]])),
    );
    this.#unknown = match.cells.flatMap(({ column, index }) => (column === null ? [index] : []));
  }

  /** A record whose cells nobody can tell apart goes as a whole where its text mentions somebody. */
  decide({ fields, fault, raw }: TextRecord): RecordErasure {
    if (fault !== null || fields.length < this.#least || fields.length > this.#most) {
      const isNamed = fields.some((text) => this.#persons.isPerson(text, false) || this.#persons.isPerson(text, true));
      return isNamed || this.#persons.mentions(raw) ? 'remove' : null;
    }
    const cell = (property: string): string | null => {
      const field = this.#fields.get(property);
      return field === undefined ? null : unguarded((fields[field] ?? '').trim());
    };
    const erasure = this.#rules.decide(this.#persons, cell);
    if (erasure.kind === 'remove') {
      return 'remove';
    }
    const blank = new Set<number>();
    for (const property of erasure.kind === 'blank' ? erasure.properties : []) {
      const field = this.#fields.get(property);
      if (field !== undefined) {
        blank.add(field);
      }
    }
    for (const field of this.#unknown) {
      const text = fields[field] ?? '';
      if (text !== '' && (this.#persons.isPerson(text, false) || this.#persons.mentions(text))) {
        blank.add(field);
      }
    }
    return blank.size === 0 ? null : blank;
  }

  /** The record without what is erased; null: it is left out. */
  apply(record: TextRecord): TextRecord | null {
    const erasure = this.decide(record);
    if (erasure === null) {
      return record;
    }
    if (erasure === 'remove') {
      this.left++;
      return null;
    }
    const fields = record.fields.map((field, index) => (erasure.has(index) ? '' : field));
    return { ...record, fields, raw: recordText(fields, this.#delimiter) };
  }

  async *rows(batches: AsyncIterable<readonly TextRecord[]>): AsyncGenerator<readonly TextRecord[]> {
    for await (const batch of batches) {
      yield batch.flatMap((record) => this.apply(record) ?? []);
    }
  }
}

/** Fields as a line of CSV. */
export function recordText(fields: readonly string[], delimiter: string): string {
  const quoted = (text: string): string =>
    /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replace(/"/g, '""')}"` : text;
  return fields.map(quoted).join(delimiter);
}
