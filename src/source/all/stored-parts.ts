import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { JsonFormat } from '../../json/json-format.ts';
import type { AllPosition, CollectionPlan } from '../../plan/model/read-plan.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCollection, compileCountOf } from '../../sql/read/compile-read.ts';
import type { ReadSession, RowBatch } from '../../warehouse/database.ts';
import type { RowPage, RowStep } from '../data-source.ts';
import { pageRows } from '../stored/page-rows.ts';
import { firstRow, singleCell, startedRows } from '../stored/single-row.ts';
import type { AllPage } from './all-page.ts';
import { nameOf, startOf } from './parts.ts';

/** What the rows of stored sets are read with. */
export interface StoredParts {
  readonly parts: readonly CollectionPlan[];
  readonly catalogue: Catalogue;
  readonly session: ReadSession;
  readonly format: JsonFormat;
  /** Where the first of them goes on; null: at its beginning. */
  readonly after: AllPosition | null;
}

/** A set with a row to give, or, where there is none, where the next page begins; null: there is no further row. */
export type StoredStep = StartedPart | { readonly kind: 'end'; readonly next: AllPosition | null };

interface StartedPart {
  readonly kind: 'part';
  readonly index: number;
  readonly query: CompiledQuery;
  readonly batches: AsyncIterable<RowBatch>;
}

/** Rows of stored sets together. */
export async function countStored(read: StoredParts): Promise<bigint> {
  let total = 0n;
  for (const part of read.parts) {
    total += BigInt(await rowsOf(part, read));
  }
  return total;
}

/** The first set, from one of them on, of which the page has a row. */
export async function nextStored(from: number, page: AllPage, read: StoredParts): Promise<StoredStep> {
  for (const [index, part] of read.parts.entries()) {
    if (index < from) {
      continue;
    }
    if (!page.wantsMore) {
      return { kind: 'end', next: null };
    }
    if (page.room === 0) {
      if (await hasRow(part, read)) {
        return { kind: 'end', next: startOf(part, page.remaining) };
      }
      continue;
    }
    if (page.skip > 0 && page.skipsWhole(Number(await rowsOf(part, read)))) {
      continue;
    }
    const query = compilePart(part, page, read);
    const { batches, empty } = await startedRows(read.session.copyOut(query.text));
    if (!empty) {
      return { kind: 'part', index, query, batches };
    }
  }
  return { kind: 'end', next: null };
}

/**
 * Fills the page with the rows of one set after the other, in load order, `step` first. Gives where the next page begins;
 * null: these sets have no further row.
 */
export async function* storedRows(
  first: StoredStep,
  { page, envelope }: { readonly page: AllPage; readonly envelope: RowPage },
  read: StoredParts,
): AsyncGenerator<RowStep, AllPosition | null, boolean> {
  let step = first;
  while (step.kind === 'part') {
    const { index, query, batches } = step;
    const { count, next } = yield* pageRows(batches, query, { envelope, format: read.format });
    page.add(count);
    const part = read.parts[index];
    if (next !== null && part !== undefined) {
      return { set: nameOf(part), rowId: next.rowId, token: null, remaining: page.remaining };
    }
    yield 'asking';
    step = await nextStored(index + 1, page, read);
  }
  return step.next;
}

/** What of the page's wishes falls into one set. */
function compilePart(part: CollectionPlan, page: AllPage, { after, catalogue, format }: StoredParts): CompiledQuery {
  const rowId = after?.set === nameOf(part) ? after.rowId : null;
  const plan: CollectionPlan = {
    ...part,
    pageSize: page.room,
    restriction: { ...part.restriction, top: page.remaining, skip: page.skip === 0 ? null : page.skip },
    after: rowId === null ? null : { values: [], rowId, remaining: page.remaining },
  };
  page.skip = 0;
  return compileCollection(plan, catalogue, { controls: format.metadata !== 'none' });
}

const rowsOf = (part: CollectionPlan, { catalogue, session }: StoredParts): Promise<string> =>
  singleCell(session, compileCountOf(part, catalogue));

async function hasRow(part: CollectionPlan, { catalogue, session }: StoredParts): Promise<boolean> {
  const restriction = { ...part.restriction, top: 1 };
  const query = compileCollection({ ...part, pageSize: 1, references: true, restriction }, catalogue);
  return (await firstRow(session, query)) !== null;
}
