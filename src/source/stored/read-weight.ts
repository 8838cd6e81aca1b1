import type { Bound, CollectionPlan } from '../../plan/model/read-plan.ts';
import type { RowSource } from '../../plan/model/rows.ts';
import type { CompiledQuery } from '../../sql/compiled-query.ts';
import { compileCrossjoinCount } from '../../sql/read/compile-crossjoin.ts';
import { compileCountOf } from '../../sql/read/compile-read.ts';
import type { Weighed } from '../../warehouse/database.ts';
import type { Reading } from '../data-source.ts';
import { type ResultCache, statementDigest } from './result-cache.ts';
import type { StoredPlan } from './stored-read.ts';

/** Rows of a page whose shape says that it is a light read. */
const fewRows = 1000;
/** More rows than a page may have: all of a reply that has one page alone, and cannot begin anew once the first were sent. */
const mostRows = 1_000_000;

interface WeighedRead {
  readonly plan: Bound<StoredPlan>;
  readonly reading: Pick<Reading, 'catalogue' | 'headOnly'>;
  readonly results: ResultCache;
}

/** How much a read is; null: its shape says that it is little, and no estimate is needed. */
export function readWeight(read: WeighedRead, compiled: CompiledQuery): Weighed | null {
  const { plan, reading, results } = read;
  if (isLight(plan) || (reading.headOnly && plan.kind !== 'Count')) {
    return null;
  }
  const multiplies = plan.kind === 'Crossjoin' || ('apply' in plan && plan.apply !== null);
  return {
    key: `${plan.fingerprint} ${plan.kind} ${'pageSize' in plan ? plan.pageSize : 0}${plan.rowConditions}`,
    // What was counted before is most likely known still; where it is not, the read turns out to be heavier.
    statements:
      !multiplies && isOfAllRows(plan)
        ? null
        : () => [compiled.text, ...countText(read)].filter((text) => !results.knows(text)),
    multiplies,
  };
}

/** A single statement without a request of its own. */
export function statementWeight({ text }: Pick<CompiledQuery, 'text'>): Weighed {
  return { key: statementDigest(text), statements: () => [text], multiplies: false };
}

/** `$count=true`: the statement that counts. */
function countText({ plan, reading: { catalogue } }: WeighedRead): readonly string[] {
  if (plan.kind === 'Crossjoin') {
    return plan.restriction.count ? [compileCrossjoinCount(plan, catalogue).text] : [];
  }
  return plan.kind === 'Collection' && plan.restriction.count ? [compileCountOf(plan, catalogue).text] : [];
}

/** One row by its key, and a few rows in load order: an index leads to them, and nothing else is looked at. */
function isLight(plan: StoredPlan): boolean {
  if (plan.kind === 'PropertyRead') {
    return isKeyed(plan.source);
  }
  if (plan.kind === 'Entity') {
    return isKeyed(plan.source) && plan.selection.expands.length === 0;
  }
  return plan.kind === 'Collection' && isFirstRows(plan);
}

/** An estimate that takes it for a light read would be its end, if wrong. */
function isOfAllRows(plan: StoredPlan): boolean {
  return plan.kind === 'Collection' && Math.min(plan.pageSize, plan.restriction.top ?? plan.pageSize) > mostRows;
}

const isKeyed = (source: RowSource): boolean => source.kind === 'Keyed' && source.from.kind === 'Set';

function isFirstRows({ source, selection, restriction, apply, since, pageSize, after }: CollectionPlan): boolean {
  const { filter, search, orderby, skip, count, top } = restriction;
  const plain = filter === null && search === null && orderby.length === 0 && !count;
  const start = skip === null || after !== null;
  const rows = Math.min(pageSize, after?.remaining ?? top ?? pageSize);
  const own = selection.expands.length === 0 && selection.computed.length === 0;
  return source.kind === 'Set' && plain && start && rows <= fewRows && own && apply === null && since === null;
}
