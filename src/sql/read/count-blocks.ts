import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import type { EntitySet } from '../../edm/model.ts';
import { propertiesIn, speaksOfOtherRows } from '../../plan/logic/references.ts';
import type { ApplyPlan, BoundExpression, Restriction, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { conditionsOf, isRestricted, wholeSet } from '../../plan/model/restricted-set.ts';
import type { CountByBlocks } from '../compiled-query.ts';
import { fromWhere } from '../expression/collection.ts';
import { openScope } from '../expression/open-scope.ts';
import { quoteIdentifier, relationNumber } from '../identifier.ts';
import { escapeText, integerLiteral } from '../literal.ts';
import { chunkBits } from '../row-chunk.ts';
import { type Row, rowId, type Scope, storedSet } from '../scope.ts';

/** What is counted; `computed` values may stand in the restriction. */
interface Counted {
  readonly source: RowSource;
  readonly computed: Selection['computed'];
  readonly restriction: Restriction;
  readonly apply: ApplyPlan | null;
  readonly since: bigint | null;
}

interface Rows {
  readonly scope: Scope;
  readonly row: Row;
}

/** Changed rows of all, and changed blocks of all: from this part on counting all of them anew is quicker. */
const rowsPart = 8n;
const blocksPart = 4;

/**
 * How a count is kept where each row by itself decides whether it counts, and says when it changed; null elsewhere. `open` makes a scope of the
 * rows that count.
 */
export function countByBlocks(counted: Counted, catalogue: Catalogue, open: () => Rows): CountByBlocks | null {
  const { source } = counted;
  if (source.kind !== 'Set' || !isOfRowsAlone(counted)) {
    return null;
  }
  const { set } = source;
  const stored = storedSet(catalogue, set);
  const changedAt = stored.versionColumn ?? stored.withheldVersionColumn ?? null;
  // Which rows were removed is not noted beside rows that lie on another server.
  if (changedAt === null || stored.history !== undefined || !isReadByNumber(set, stored)) {
    return null;
  }
  return {
    set: set.name,
    probe: greatestNumber(allRows(set, catalogue), stored),
    all: (shift) => allBlocks(open(), shift),
    changed: (known) =>
      changedBlocks(open(), { ...known, every: allRows(set, catalogue), name: stored.name, changedAt }),
  };
}

/** Rows of a set whether they are served or not, and to whom: numbers of blocks alone are made of them. */
function allRows(set: EntitySet, catalogue: Catalogue): Rows {
  const scope = openScope(catalogue);
  const row = scope.table(wholeSet(set));
  scope.where.length = 0;
  return { scope, row };
}

function greatestNumber({ scope, row }: Rows, { relation }: StoredSet): string {
  const rows = `concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), ${relationNumber(relation)})`;
  return `SELECT concat_ws(' ', coalesce(max(${rowId(row)}), 0), ${rows}) ${fromWhere(scope)}`;
}

/**
 * Of an expression over numbers that are all different PostgreSQL expects as many groups as rows; of a column of a subselect it does not. With a number in
 * place of the text '0' it would not let several processes read.
 */
function allBlocks({ scope, row }: Rows, shift: number): string {
  const rows = `SELECT ${rowId(row)} >> ${String(shift)} AS block ${fromWhere(scope)} OFFSET '0'`;
  return `SELECT string_agg(concat_ws(' ', block, n), ',') FROM (SELECT block, count(*) AS n FROM (${rows}) AS r GROUP BY block) AS b`;
}

interface Known {
  readonly version: bigint;
  readonly shift: number;
  readonly blocks: number;
  /** The rows of the set, also those that do not count. */
  readonly every: Rows;
  readonly name: string;
  readonly changedAt: string;
}

function changedBlocks({ scope, row }: Rows, { every, ...known }: Known): string {
  const { shift, blocks } = known;
  const since = integerLiteral(known.version);
  const bits = String(shift);
  const name = escapeText(known.name);
  const limit = ((BigInt(blocks) << BigInt(shift)) / rowsPart).toString();
  const changedAt = `${every.row.alias}.${quoteIdentifier(known.changedAt)}`;
  const rows = `SELECT ${rowId(every.row)} >> ${bits} AS block ${fromWhere(every.scope, [`${changedAt} > ${since}`])} ORDER BY ${changedAt}, ${rowId(every.row)} LIMIT ${limit}`;
  const left = `SELECT chunk >> ${String(shift - chunkBits)} FROM gateway.removed_rows WHERE entity_set = ${name} AND version > ${since}`;
  const noted = `SELECT 1 FROM gateway.set_versions WHERE entity_set = ${name} AND removals_noted = version AND removals_since <= ${since}`;
  // Only the number leads to a row here, and no index of what the conditions speak of.
  const conditions = scope.where.length === 0 ? '' : ` AND (${scope.where.join(' AND ')}) IS TRUE`;
  const again = `SELECT count(*) FROM ${scope.from.join(' ')} WHERE ${rowId(row)} >= c.block << ${bits} AND ${rowId(row)} < (c.block + 1) << ${bits}${conditions}`;
  const few = `(SELECT count(*) FROM rows) < ${limit} AND (SELECT count(*) FROM changed) <= ${String(Math.floor(blocks / blocksPart))}`;
  return `WITH rows AS MATERIALIZED (${rows}), changed AS MATERIALIZED (SELECT block FROM rows UNION ${left}) SELECT CASE WHEN EXISTS (${noted}) AND ${few} THEN (SELECT coalesce(string_agg(concat_ws(' ', c.block, (${again})), ','), '') FROM changed AS c) ELSE 'all' END`;
}

function isOfRowsAlone({ computed, restriction: { filter }, apply, since }: Counted): boolean {
  const values = [...computed.map(({ expression }) => expression), ...(filter === null ? [] : [filter])];
  return apply === null && since === null && !values.some(speaksOfOtherRows);
}

/**
 * Whether the reader's rows can be told among those of a few numbers: not where nothing may be computed of others, and not where an index would rather
 * find all rows of the reader.
 */
function isReadByNumber(set: EntitySet, stored: StoredSet): boolean {
  if (!isRestricted(set)) {
    return true;
  }
  const alone = conditionsOf(set).every(({ condition, reads }) => reads.length === 0 && !speaksOfOtherRows(condition));
  return alone && !set.sealed && !leadsIndex(set.rows.condition, set, stored);
}

/** Whether a property that the condition speaks of is the first of an index. */
function leadsIndex(condition: BoundExpression, { entityType }: EntitySet, { indexes }: StoredSet): boolean {
  const names = propertiesIn(condition);
  return [entityType.key, ...indexes].some(([first]) => first !== undefined && names.has(first));
}
