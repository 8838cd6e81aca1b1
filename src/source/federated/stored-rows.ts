import { entityUrl } from '../../edm/key-literal.ts';
import { keyProperties } from '../../edm/key-properties.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { ByteOutput } from '../../json/bytes/byte-output.ts';
import { CellInput } from '../../json/cells/cell-input.ts';
import type { Gap } from '../../json/gap-part.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import type { GapShape, RowShape } from '../../json/row-shape.ts';
import { rowWriter } from '../../json/row-writer.ts';
import { type JoinKey, type KeyTexts, keyOfTexts } from '../../plan/federate/join-key.ts';
import type { Completion, Join } from '../../plan/federate/split-selection.ts';
import type { PagePosition } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { positionAt } from '../stored/row-position.ts';
import { longestChunk } from './local-source.ts';
import type { FillJoin, OpenRows } from './open-rows.ts';

/** What rows of PostgreSQL are written for. */
export interface StoredForm {
  readonly set: EntitySet;
  readonly completion: Completion;
  readonly format: JsonFormat;
  /** Values of the rows themselves that will be asked for. */
  readonly keys: readonly Property[];
}

/**
 * Rows of PostgreSQL as they are served but for the gaps that other sources fill. The keys of the gaps are taken from the
 * columns as the rows are written: nothing of what was written is read again.
 */
export class StoredRows implements OpenRows {
  readonly #form: StoredForm;
  readonly #joins = new Map<GapShape, Join>();
  /** Without a join: told once for each row. */
  readonly #own: GapShape;
  readonly #output = new ByteOutput(4096);
  readonly #rows: { readonly start: number; readonly end: number }[] = [];
  readonly #keys: KeyTexts[] = [];
  readonly #gaps: Gap[] = [];

  constructor(form: StoredForm) {
    this.#form = form;
    this.#own = { kind: 'gap', name: '', key: form.keys };
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Runs a compiled query to its end. Gives where the next page starts; `too-long`: the rows are more than may be held. */
  async read(session: ReadSession, query: CompiledQuery): Promise<PagePosition | null | 'too-long'> {
    const { format, completion } = this.#form;
    const shape = gapped(query.shape, completion, this.#joins);
    const own = this.#form.keys.length === 0 ? [] : [this.#own];
    const control = query.control ?? null;
    const writer = rowWriter({ fields: [...shape.fields, ...own] }, format, control, (gap) => this.#note(gap));
    const limit = query.limit ?? Number.POSITIVE_INFINITY;
    const input = new CellInput(Buffer.alloc(0));
    const output = this.#output;
    let next: PagePosition | null = null;
    let further = false;
    for await (const { buffer, starts, ends, count } of session.copyOut(query.text)) {
      input.use(buffer);
      for (let index = 0; index < count; index++) {
        if (this.length >= limit) {
          further = true;
          break;
        }
        const start = output.position;
        const span = { start: starts[index] as number, end: ends[index] as number };
        const behind = writer.row(input, span, output);
        this.#rows.push({ start, end: output.position });
        if (output.position > longestChunk) {
          return 'too-long';
        }
        if (this.length === limit && query.positionColumns > 0) {
          next = positionAt(input, { start: span.start, behind }, query);
        }
      }
    }
    return further ? next : null;
  }

  keysOf(properties: readonly Property[]): readonly JoinKey[] {
    const keyOf = keyOfTexts(properties);
    const columns = properties.map(({ name }) => this.#column(name));
    return this.#keys.map((texts) => keyOf(columns.map((column) => texts[column] ?? null)));
  }

  urls(): readonly string[] {
    const { set } = this.#form;
    const { entityType } = set;
    const key = keyProperties(entityType);
    const columns = key.map(({ name }) => this.#column(name));
    return this.#keys.map((texts) =>
      entityUrl(
        set.name,
        key,
        columns.map((column) => texts[column] ?? ''),
      ),
    );
  }

  async completed(fill: FillJoin): Promise<readonly string[]> {
    const texts = new Map<Gap, string>();
    for (const join of this.length === 0 ? [] : joinsOf(this.#form.completion)) {
      const gaps = this.#gaps.filter(({ shape }) => this.#joins.get(shape) === join);
      const keyOf = keyOfTexts(join.own);
      const found = await fill(
        join,
        gaps.map(({ key }) => keyOf(key)),
      );
      for (const [index, gap] of gaps.entries()) {
        texts.set(gap, found[index] ?? '');
      }
    }
    return this.#joined(texts);
  }

  #note(gap: Gap): void {
    if (gap.shape === this.#own) {
      this.#keys.push(gap.key);
    } else {
      this.#gaps.push(gap);
    }
  }

  #column(name: string): number {
    const column = this.#form.keys.findIndex((property) => property.name === name);
    if (column < 0) {
      throw new TypeError(`${name} was not read as a key`);
    }
    return column;
  }

  /** The rows with the texts in their gaps, which stand in the order of their positions. */
  #joined(texts: ReadonlyMap<Gap, string>): readonly string[] {
    const { bytes } = this.#output;
    let next = 0;
    return this.#rows.map(({ start, end }) => {
      let at = start;
      let text = '';
      let filled: number | null = null;
      for (let gap = this.#gaps[next]; gap !== undefined && gap.position < end; gap = this.#gaps[++next]) {
        const members = texts.get(gap) ?? '';
        const first = gap.opening !== null && gap.opening !== filled;
        text += bytes.toString('utf8', at, gap.position) + (first ? members.slice(1) : members);
        filled = members === '' ? filled : gap.opening;
        at = gap.position;
      }
      return text + bytes.toString('utf8', at, end);
    });
  }
}

/** The shape of rows without what is hidden, and with a gap for each join at the end of its row. */
function gapped(shape: RowShape, completion: Completion, joins: Map<GapShape, Join>): RowShape {
  const inside = new Map(completion.inside.map((nested) => [nested.name, nested.completion]));
  const fields = shape.fields.map((field) => {
    if (field.kind === 'value' && completion.hidden.has(field.name)) {
      return { kind: 'hidden', name: field.name } as const;
    }
    const nested = inside.get(field.name);
    const holdsRows = field.kind === 'object' || field.kind === 'array';
    return nested !== undefined && holdsRows ? { ...field, row: gapped(field.row, nested, joins) } : field;
  });
  const gaps = completion.joins.map((join) => {
    const gap: GapShape = { kind: 'gap', name: join.expand.navigation.name, key: join.own };
    joins.set(gap, join);
    return gap;
  });
  return { fields: [...fields, ...gaps] };
}

/** In the order in which they are asked for: what is nested first. */
const joinsOf = ({ inside, joins }: Completion): readonly Join[] => [
  ...inside.flatMap(({ completion }) => joinsOf(completion)),
  ...joins,
];
