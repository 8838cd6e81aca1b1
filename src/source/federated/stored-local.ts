import { keyProperties } from '../../edm/key-properties.ts';
import type { Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { CellInput } from '../../json/cells/cell-input.ts';
import { cellEnd, isNull } from '../../json/cells/cell-text.ts';
import { keyCell } from '../../json/cells/key-cell.ts';
import { type JoinKey, keyOfTexts } from '../../plan/federate/join-key.ts';
import { keyedPlan } from '../../plan/federate/keyed-plans.ts';
import type { Completion, Join } from '../../plan/federate/split-selection.ts';
import type { CollectionPlan, EntityPlan, PagePosition } from '../../plan/model/read-plan.ts';
import { encodePagePosition } from '../../plan/position/page-position.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCollection, compileCountOf, compileEntity } from '../../sql/read/compile-read.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import type { ObjectRowsEnd } from '../object-page.ts';
import { checkParent } from '../stored/parent.ts';
import { statementWeight } from '../stored/read-weight.ts';
import { firstRow, singleCell } from '../stored/single-row.ts';
import type { JoinContext } from './join-context.ts';
import {
  chunkSize,
  type LocalPage,
  type LocalSource,
  longestChunk,
  type PageTokens,
  tooManyRows,
} from './local-source.ts';
import type { OpenRows } from './open-rows.ts';
import { type StoredForm, StoredRows } from './stored-rows.ts';

/** Rows that PostgreSQL may give for one chunk of keys; the limit on their length comes first. */
const mostRows = 100_000_000;

/** PostgreSQL, asked with one short statement at a time: no connection is held while another source or the client is slow. */
export class StoredLocal implements LocalSource {
  readonly #context: JoinContext;

  constructor(context: JoinContext) {
    this.#context = context;
  }

  async entity(plan: EntityPlan, completion: Completion): Promise<OpenRows | null> {
    const query = compileEntity(plan, this.#catalogue, this.#controls);
    const { rows } = await this.#rows(query, completion, { set: plan.selection.set, keys: [] });
    return rows.length === 0 ? null : rows;
  }

  async entityKey(plan: EntityPlan, properties: readonly Property[]): Promise<JoinKey | 'absent'> {
    const query = compileEntity(plan, this.#catalogue);
    const found = await this.#read(query, (session) => firstRow(session, query));
    return found === null ? 'absent' : keyReader(query, properties)(found.input, found.span.start);
  }

  /** The chunks follow each other by key, as pages do, so a row that exists throughout comes exactly once. */
  async page(plan: CollectionPlan, completion: Completion, { fingerprint }: PageTokens): Promise<LocalPage> {
    const counting = plan.restriction.count ? compileCountOf(plan, this.#catalogue) : null;
    const count = counting === null ? null : await this.#count(counting);
    let next: PagePosition | null = null;
    const chunks = async function* (this: StoredLocal): AsyncGenerator<OpenRows> {
      let part: CollectionPlan = { ...plan, pageSize: Math.min(plan.pageSize, chunkSize) };
      for (let left = plan.pageSize; ; ) {
        const chunk = await this.#chunk(part, completion);
        const { length } = chunk.rows;
        if (length === 0 && part.after === null) {
          await checkParent(plan, this.#catalogue, (query) => this.#count(query));
        }
        if (length > 0) {
          yield chunk.rows;
        }
        next = chunk.next;
        left -= length;
        if (next === null || left === 0) {
          return;
        }
        part = following(part, next, left);
      }
    };
    const end = (): ObjectRowsEnd => ({
      count: null,
      next: next === null ? null : encodePagePosition(next, fingerprint),
    });
    return { count, chunks: chunks.call(this), discard: () => undefined, end };
  }

  checkByKeys(): Promise<void> {
    return Promise.resolve();
  }

  /** One query for all keys. */
  async byKeys(join: Join, keys: readonly (readonly string[])[]): Promise<OpenRows> {
    const { set } = join.selection;
    const own = keyProperties(set.entityType);
    const wanted = join.expand.form === 'ref' ? [...join.theirs, ...own] : join.theirs;
    const query = compileCollection(keyedPlan(join, keys, mostRows), this.#catalogue, this.#controls);
    const { rows, next } = await this.#rows(query, join.completion, { set, keys: wanted });
    if (next === 'too-long') {
      throw tooManyRows(join.expand);
    }
    return rows;
  }

  async *keys(plan: CollectionPlan, properties: readonly Property[]): AsyncGenerator<JoinKey> {
    const query = compileCollection({ ...plan, pageSize: plan.restriction.top ?? plan.pageSize }, this.#catalogue);
    const found = await this.#read(query, (session) => storedKeys(session, query, properties));
    if (found === null) {
      throw new GatewayError('LimitExceeded', '$filter: the joined keys are too long to be compared');
    }
    yield* found;
  }

  async #chunk(
    plan: CollectionPlan,
    completion: Completion,
  ): Promise<{ readonly rows: OpenRows; readonly next: PagePosition | null }> {
    const query = compileCollection(plan, this.#catalogue, this.#controls);
    const { rows, next } = await this.#rows(query, completion, { set: plan.selection.set, keys: [] });
    if (next === 'too-long') {
      const message = 'The rows are too long to be joined; ask for fewer properties with $select';
      throw new GatewayError('LimitExceeded', message);
    }
    return { rows, next };
  }

  #rows(query: CompiledQuery, completion: Completion, { set, keys }: Pick<StoredForm, 'set' | 'keys'>) {
    return this.#read(query, async (session) => {
      const rows = new StoredRows({ set, keys, completion, format: this.#context.format });
      return { rows, next: await rows.read(session, query) };
    });
  }

  #count(query: CompiledQuery): Promise<string> {
    return this.#read(query, (session) => singleCell(session, query));
  }

  /** Runs one query; where it is a large one, when its turn comes. Nothing is held while it waits. */
  #read<T>(query: CompiledQuery, work: (session: ReadSession) => Promise<T>): Promise<T> {
    const { store, signal, observe, recency, rights } = this.#context;
    const { database, timeout } = store;
    const options = { timeout, signal, observe, recency, weighed: statementWeight(query) };
    return database.read(work, rights === undefined ? options : { ...options, rights });
  }

  get #catalogue() {
    return this.#context.sources.catalogue;
  }

  get #controls() {
    return { controls: this.#context.format.metadata === 'full' };
  }
}

function following(part: CollectionPlan, after: PagePosition, left: number): CollectionPlan {
  const restriction = { ...part.restriction, skip: null, top: after.remaining ?? part.restriction.top };
  return { ...part, after, restriction, pageSize: Math.min(left, chunkSize) };
}

/** The keys of all rows; null: they are more than may be held. */
async function storedKeys(
  session: ReadSession,
  query: CompiledQuery,
  properties: readonly Property[],
): Promise<readonly JoinKey[] | null> {
  const keyAt = keyReader(query, properties);
  const input = new CellInput(Buffer.alloc(0));
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  const keys: JoinKey[] = [];
  let length = 0;
  for await (const { buffer, starts, ends, count } of session.copyOut(query.text)) {
    input.use(buffer);
    for (let index = 0; index < count && keys.length < limit; index++) {
      const start = starts[index] as number;
      length += (ends[index] as number) - start;
      if (length > longestChunk) {
        return null;
      }
      keys.push(keyAt(input, start));
    }
  }
  return keys;
}

/** Reads joined values out of rows that have no other columns before them than single ones. */
function keyReader(
  { shape }: CompiledQuery,
  properties: readonly Property[],
): (input: CellInput, start: number) => JoinKey {
  const keyOf = keyOfTexts(properties);
  const columns = properties.map(({ name }) => shape.fields.findIndex((field) => field.name === name));
  return (input, start) => {
    const texts: (string | null)[] = properties.map(() => null);
    let at = start;
    for (let column = 0; column <= Math.max(...columns); column++) {
      for (const [index, { type }] of properties.entries()) {
        if (columns[index] === column && !isNull(input, at, false)) {
          texts[index] = keyCell(input, at, { type, nested: false });
        }
      }
      at = cellEnd(input, at, false) + 1;
    }
    return keyOf(texts);
  };
}
