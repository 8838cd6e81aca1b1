import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { AllPosition, CollectionPlan } from '../../plan/model/read-plan.ts';
import { compileCollection, compileCountOf } from '../../sql/read/compile-read.ts';
import type { ReadSession } from '../../warehouse/database.ts';
import { begun, firstRow, single } from '../stored/first-row.ts';
import { writeRows } from '../stored/row-stream.ts';
import type { AllPage } from './all-page.ts';
import { nameOf, startOf } from './parts.ts';

export interface StoredPlace {
  readonly catalogue: Catalogue;
  readonly session: ReadSession;
}

/** Rows of stored sets together. */
export async function countStored(parts: readonly CollectionPlan[], place: StoredPlace): Promise<bigint> {
  let total = 0n;
  for (const part of parts) {
    total += BigInt(await rowsOf(part, place));
  }
  return total;
}

/**
 * Fills the page with the rows of one set after the other, in load order. `after` is where the first of them goes on.
 * Gives where the next page begins; null: these sets have no further row.
 */
export async function writeStored(
  parts: readonly CollectionPlan[],
  page: AllPage,
  place: StoredPlace & { readonly after: AllPosition | null },
): Promise<AllPosition | null> {
  for (const part of parts) {
    if (!page.wantsMore) {
      return null;
    }
    if (page.room === 0) {
      if (await hasRow(part, place)) {
        return startOf(part, page.remaining);
      }
      continue;
    }
    if (page.skip > 0 && page.skipsWhole(Number(await rowsOf(part, place)))) {
      continue;
    }
    const next = await writePart(part, page, place);
    if (next !== null) {
      return next;
    }
  }
  return null;
}

async function writePart(
  part: CollectionPlan,
  page: AllPage,
  { catalogue, session, after }: StoredPlace & { readonly after: AllPosition | null },
): Promise<AllPosition | null> {
  const rowId = after?.set === nameOf(part) ? after.rowId : null;
  const plan: CollectionPlan = {
    ...part,
    pageSize: page.room,
    restriction: { ...part.restriction, top: page.remaining, skip: page.skip === 0 ? null : page.skip },
    after: rowId === null ? null : { values: [], rowId, remaining: page.remaining },
  };
  page.skip = 0;
  const query = compileCollection(plan, catalogue, { controls: page.format.metadata !== 'none' });
  const rows = await begun(session.copyOut(query.text));
  const to = {
    sink: page.open(),
    rest: session.rest,
    format: page.format,
    onRow: () => undefined,
    follows: page.written > 0,
  };
  const { count, next } = await writeRows(rows, query, to);
  page.add(count);
  return next === null ? null : { set: nameOf(part), rowId: next.rowId, token: null, remaining: page.remaining };
}

const rowsOf = (part: CollectionPlan, { catalogue, session }: StoredPlace): Promise<string> =>
  single(session, compileCountOf(part, catalogue));

async function hasRow(part: CollectionPlan, { catalogue, session }: StoredPlace): Promise<boolean> {
  const restriction = { ...part.restriction, top: 1 };
  const query = compileCollection({ ...part, pageSize: 1, references: true, restriction }, catalogue);
  return (await firstRow(session, query)) !== null;
}
