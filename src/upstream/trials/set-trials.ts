import { keyProperties } from '../../edm/key-properties.ts';
import type { EntitySet, EntityType } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { canonicalText, valueText } from '../../json/reading/value-text.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { readCount } from '../reading/read-count.ts';
import { filterText } from '../url/compile-url.ts';
import { expressionText } from '../url/expression-text.ts';
import {
  countBeside,
  keyOf,
  keyOrder,
  noRow,
  queryText,
  rowsAt,
  selected,
  type TrialPlace,
  unlessRefused,
  type Verdict,
} from './trial-rows.ts';

/**
 * Options of a set that a feed may pass over. `$count` and `/$count`: the number of rows that a `$filter` leaves, beside the rows and by
 * itself. `$top` is none of them: whoever reads takes no more rows than it says.
 */
export type SetOption = '$filter' | '$orderby' | '$skip' | '$count' | '/$count';

/** The rows that an address gives without options. */
export interface TriedRows {
  /** Below the service root, encoded. */
  readonly path: string;
  /** The set that they are of. */
  readonly set: EntitySet;
}

/**
 * What a feed does with options, as far as its rows show it: an option that is missing in what is given was refused, or its doing was not
 * seen. A few requests of one or two rows each.
 */
export async function triedOfSet(
  rows: TriedRows,
  options: readonly SetOption[],
  place: TrialPlace,
): Promise<ReadonlyMap<SetOption, Verdict>> {
  const wants = (...some: readonly SetOption[]): boolean => some.some((one) => options.includes(one));
  const found: (readonly [SetOption, Verdict | null])[] = [];
  if (wants('$orderby', '$skip')) {
    found.push(...(await triedPlaces(rows, place)));
  }
  if (wants('$filter', '$count', '/$count')) {
    const some = await rowsAt(rows.path, [selected(rows.set.entityType), '$top=1'], place);
    const [first] = some ?? [];
    const filtered = first !== undefined && wants('$filter') ? await triedFilter(rows, first, place) : null;
    found.push(['$filter', filtered]);
    // A feed that reads no $filter would send all rows beside their count.
    if (first !== undefined && wants('$count', '/$count') && (filtered === 'done' || !wants('$filter'))) {
      found.push(...(await triedCounts(rows, { ...place, beside: wants('$count') })));
    }
    if (some !== null && first === undefined) {
      found.push(['$filter', 'no rows'], ['$count', 'no rows'], ['/$count', 'no rows']);
    }
  }
  return new Map(found.flatMap(([option, verdict]) => (verdict === null ? [] : [[option, verdict] as const])));
}

async function triedFilter(rows: TriedRows, first: string, place: TrialPlace): Promise<Verdict | null> {
  const { path, set } = rows;
  const left = await rowsAt(path, [selected(set.entityType), noRow(set.entityType), '$top=1'], place);
  // Some know no null beside a key.
  return left === null ? triedByKey(rows, first, place) : left.length === 0 ? 'done' : 'passed over';
}

/** Whether the second row can be asked for by its key. */
async function triedByKey({ path, set }: TriedRows, first: string, place: TrialPlace): Promise<Verdict | null> {
  const type = set.entityType;
  const identity = keyOf(type);
  const other = (await rowsAt(path, [selected(type), '$top=2'], place))?.find(
    (raw) => identity(raw) !== identity(first),
  );
  if (other === undefined) {
    return null;
  }
  const properties = keyProperties(type);
  const condition = keyedCondition({ set, properties, keys: [keyTexts(type, other)] }, null);
  const filter = `$filter=${filterText(condition, { ...place.context.map, lists: 'or' })}`;
  const left = await rowsAt(path, [selected(type), filter, '$top=1'], place);
  return left === null ? null : left.every((raw) => identity(raw) === identity(other)) ? 'done' : 'passed over';
}

/** Canonical texts of the key of a row. */
function keyTexts(type: EntityType, raw: string): readonly string[] {
  const members = ownNames(type)(readObject(raw));
  const properties = keyProperties(type);
  return properties.map((property) => canonicalText(valueText(property, false)(members.get(property.name) ?? 'null')));
}

/** What the feed does with `$orderby`, and with `$skip`. */
async function triedPlaces(
  { path, set }: TriedRows,
  place: TrialPlace,
): Promise<readonly (readonly [SetOption, Verdict | null])[]> {
  const type = set.entityType;
  const identity = keyOf(type);
  const keysOf = async (query: readonly string[]): Promise<readonly string[] | null> =>
    (await rowsAt(path, [selected(type), ...query], place))?.map(identity) ?? null;
  const upwards = await keysOf([keyOrder(type), '$top=2']);
  const rows = upwards ?? (await keysOf(['$top=2']));
  const [one, other] = rows ?? [];
  if (rows === null || one === undefined || other === undefined || one === other) {
    const verdict = rows !== null && rows.length < 2 ? 'no rows' : null;
    return [
      ['$orderby', upwards === null ? null : verdict],
      ['$skip', verdict],
    ];
  }
  const downwards = upwards === null ? null : await keysOf([keyOrder(type, ' desc'), '$top=2']);
  const order = upwards === null ? [] : [keyOrder(type)];
  const skipped = await keysOf([...order, '$skip=1', '$top=1']);
  // A row that comes meanwhile turns the rows of a feed that reads no order, too, which gives the newest first: then nothing is shown.
  const isOther = [downwards, skipped].some((keys) => keys !== null && keys[0] !== one);
  const again = isOther && skipped?.[0] !== other ? await keysOf([...order, '$top=2']) : rows;
  const isStill = again?.join('\n') === rows.join('\n');
  const verdictOf = (keys: readonly string[] | null): Verdict | null =>
    keys === null ? null : keys[0] === one ? 'passed over' : isStill ? 'done' : null;
  return [
    ['$orderby', verdictOf(downwards)],
    ['$skip', verdictOf(skipped)],
  ];
}

/**
 * Whether an order by what is computed of a row turns round with its direction: some read names of properties alone there. null: it cannot be told, as where all
 * rows have one value.
 */
export async function triedComputed(
  key: BoundExpression,
  { rows: { path, set }, place }: { readonly rows: TriedRows; readonly place: TrialPlace },
): Promise<Verdict | null> {
  const text = expressionText(key, { map: place.context.map, option: '$orderby', variables: new Map() });
  const identity = keyOf(set.entityType);
  const firstIn = async (order: string): Promise<string | null> => {
    const [raw] = (await rowsAt(path, [selected(set.entityType), `$orderby=${order}`, '$top=1'], place)) ?? [];
    return raw === undefined ? null : identity(raw);
  };
  const [upwards, downwards] = [await firstIn(text), await firstIn(`${text} desc`)];
  // A row that came meanwhile turns the rows of a feed that reads no order, too, which gives the newest first.
  const isTurned = upwards !== null && downwards !== null && upwards !== downwards && (await firstIn(text)) === upwards;
  return isTurned ? 'done' : null;
}

/** What the feed counts where a condition leaves no row. */
async function triedCounts(
  { path, set }: TriedRows,
  { beside: isBeside, ...place }: TrialPlace & { readonly beside: boolean },
): Promise<readonly (readonly [SetOption, Verdict | null])[]> {
  const type = set.entityType;
  const { options, context } = place;
  const byItself = await unlessRefused(() => readCount(`${path}/$count?${queryText([noRow(type)])}`, options, context));
  const verdictOf = (count: string): Verdict => (count === '0' ? 'done' : 'passed over');
  const alone = byItself?.kind === 'count' ? verdictOf(byItself.count) : null;
  if (!isBeside) {
    return [['/$count', alone]];
  }
  const beside = await countBeside(path, [selected(type), noRow(type), '$count=true', '$top=1'], place);
  return [
    ['/$count', alone],
    // A count that is left out is asked for by itself.
    ['$count', beside === null ? null : beside === 'absent' ? alone : verdictOf(beside)],
  ];
}
