import { keyProperties } from '../../edm/key-properties.ts';
import type { EntitySet, Property } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { filterText } from '../url/compile-url.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import { pathOf, selecting } from './both-ends.ts';
import { rowsAt, type TrialPlace, valuesOf } from './trial-rows.ts';

/** A property that rows are put in order by. */
export interface OrderedBy {
  readonly set: EntitySet;
  readonly property: Property;
}

/**
 * Where a feed puts rows without a value: `least`: before all others, behind them downwards (Protocol 11.2.6.2), as stored sets do; `said`: elsewhere, but so where it
 * is asked for it by one more key in front; `elsewhere`: not even then. `not shown`: there are no such rows, or none with a value, or it refuses to say.
 */
export type NullOrder = 'least' | 'said' | 'elsewhere' | 'not shown';

/** By two rows, of which one has a value and the other none, in both directions. */
export async function triedNullOrder(by: OrderedBy, place: TrialPlace): Promise<NullOrder> {
  const name = upstreamPropertyName(by.property);
  const keys = [await keyWhere(`${name} eq null`, by, place), await keyWhere(`${name} ne null`, by, place)];
  const both = keys.flatMap((key) => (key === null ? [] : [key]));
  if (both.length < keys.length) {
    return 'not shown';
  }
  const condition = keyedCondition({ set: by.set, properties: keyProperties(by.set.entityType), keys: both }, null);
  const filter = `$filter=${filterText(condition, { ...place.context.map, lists: 'or' })}`;
  const isLeast = async (upwards: string, downwards: string): Promise<boolean | null> => {
    const up = await nullsIn([filter, `$orderby=${upwards}`], by, place);
    const down = up === 'first' ? await nullsIn([filter, `$orderby=${downwards}`], by, place) : up;
    return up === null || down === null ? null : up === 'first' && down === 'last';
  };
  const plain = await isLeast(name, `${name} desc`);
  if (plain !== false) {
    return plain === null ? 'not shown' : 'least';
  }
  return (await isLeast(`${name} eq null desc,${name}`, `${name} eq null,${name} desc`)) === true
    ? 'said'
    : 'elsewhere';
}

/** The key of a row that meets a condition; null: there is none, or the feed refuses to say. */
async function keyWhere(condition: string, { set }: OrderedBy, place: TrialPlace): Promise<readonly string[] | null> {
  const key = keyProperties(set.entityType);
  const [raw] = (await rowsAt(pathOf(set, place), [selecting(key), `$filter=${condition}`, '$top=1'], place)) ?? [];
  return raw === undefined ? null : valuesOf(key)(ownNames(set.entityType)(readObject(raw)));
}

/** Which of two rows has no value; null: not one of them has none, as rows may change, or the feed refuses to say. */
async function nullsIn(
  query: readonly string[],
  { set, property }: OrderedBy,
  place: TrialPlace,
): Promise<'first' | 'last' | null> {
  const select = selecting([...new Set([...keyProperties(set.entityType), property])]);
  const rows = await rowsAt(pathOf(set, place), [select, ...query], place);
  const own = ownNames(set.entityType);
  const nulls = (rows ?? []).map((raw) => valuesOf([property])(own(readObject(raw))) === null);
  return nulls.length === 2 && nulls[0] !== nulls[1] ? (nulls[0] === true ? 'first' : 'last') : null;
}
