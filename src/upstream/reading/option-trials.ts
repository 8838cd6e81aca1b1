import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { isRefusedForm } from '../client/upstream-fault.ts';
import type { UpstreamReadOptions } from '../upstream.ts';
import { encodeOption } from '../url/compile-url.ts';
import { upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';
import { readPages } from './pages.ts';
import type { ReplyContext } from './reply-context.ts';

/** Options whose being passed over cannot be seen from the rows. */
export type TriedOption = '$filter' | '$orderby' | '$skip';

/** Whether the feed does what an option says; `no rows`: there are none that it could be wrong about. */
export type Verdict = 'done' | 'passed over' | 'no rows';

/** An `$expand` to many. */
export interface TriedExpand {
  readonly from: EntitySet;
  readonly navigation: NavigationProperty;
  readonly to: EntitySet;
}

export interface TrialPlace {
  readonly options: UpstreamReadOptions;
  readonly context: ReplyContext;
}

/** Rows that are looked at, among them, it is hoped, one that leads to two others. */
const mostRows = 50;
/** More than there are of any rows. */
const allOfThem = 1_000_000_000;

/** What the feed does with `$filter` of a set; null: it does not show it. */
export async function triedFilter(set: EntitySet, place: TrialPlace): Promise<Verdict | null> {
  const all = await keysIn(set, ['$top=1'], place);
  if (all?.length === 0) {
    return 'no rows';
  }
  const left = all === null ? null : await keysIn(set, [noRow(set), '$top=1'], place);
  return left === null ? null : left.length === 0 ? 'done' : 'passed over';
}

/** What the feed does with each option inside of an `$expand`, as far as its rows show it. */
export async function triedNested(
  expand: TriedExpand,
  options: readonly TriedOption[],
  place: TrialPlace,
): Promise<ReadonlyMap<TriedOption, Verdict>> {
  const keys = keyNames(expand.to);
  const orders = options.includes('$orderby');
  const ascending = orders ? [`$orderby=${keys.join(',')}`] : [];
  const led = await ledKeys(expand, [...ascending, '$top=2'], place);
  const verdicts = new Map<TriedOption, Verdict>();
  if (led?.length === 0) {
    return new Map(options.map((option) => [option, 'no rows']));
  }
  if (led === null || led.every((rows) => rows.length === 0)) {
    return verdicts;
  }
  for (const [option, text] of [
    ['$filter', noRow(expand.to)],
    ['$skip', `$skip=${allOfThem}`],
  ] as const) {
    const left = options.includes(option) ? await ledKeys(expand, [text], place) : null;
    if (left !== null && left.length === led.length) {
      verdicts.set(option, left.every((rows) => rows.length === 0) ? 'done' : 'passed over');
    }
  }
  if (orders && led.some(([one, other]) => other !== undefined && one !== other)) {
    const turned = [`$orderby=${keys.map((key) => `${key} desc`).join(',')}`, '$top=2'];
    const descending = await ledKeys(expand, turned, place);
    if (descending !== null && descending.length === led.length) {
      verdicts.set('$orderby', descending.some(([one], at) => one !== led[at]?.[0]) ? 'done' : 'passed over');
    }
  } else if (orders && led.length < mostAsked(place)) {
    // These are all that there are, and none leads to two.
    verdicts.set('$orderby', 'no rows');
  }
  return verdicts;
}

const mostAsked = ({ context }: TrialPlace): number => Math.min(mostRows, context.map.maxTop ?? mostRows);

const keyNames = ({ entityType }: EntitySet): readonly string[] =>
  entityType.key.flatMap((name) => entityType.properties.get(name) ?? []).map(upstreamPropertyName);

/** A condition that no row fulfils. */
const noRow = (set: EntitySet): string => `$filter=${keyNames(set)[0] ?? ''} eq null`;

const selected = (set: EntitySet): string => `$select=${keyNames(set).join(',')}`;

/** The key of a row, as the feed writes it. */
function keyOf({ entityType }: EntitySet): (raw: string) => string {
  const own = ownNames(entityType);
  return (raw) => {
    const members = own(readObject(raw));
    return entityType.key.map((name) => members.get(name) ?? '').join();
  };
}

/** The keys of some rows of a set; null: the feed refuses such a request. */
async function keysIn(set: EntitySet, query: readonly string[], place: TrialPlace): Promise<readonly string[] | null> {
  const rows = await rowsOf(set, [selected(set), ...query], place);
  return rows?.map(keyOf(set)) ?? null;
}

/** For some rows that lead to others, the keys of those; null: the feed refuses such a request. */
async function ledKeys(
  { from, navigation, to }: TriedExpand,
  nested: readonly string[],
  place: TrialPlace,
): Promise<readonly (readonly string[])[] | null> {
  const expand = `$expand=${navigation.name}(${[selected(to), ...nested].join(';')})`;
  const ask = (filter: readonly string[]): Promise<readonly string[] | null> =>
    rowsOf(from, [selected(from), ...filter, `$top=${mostAsked(place)}`, expand], place);
  const rows = (await ask([`$filter=${navigation.name}/any()`])) ?? (await ask([]));
  const own = ownNames(from.entityType);
  return rows?.map((raw) => readArray(own(readObject(raw)).get(navigation.name) ?? '[]').map(keyOf(to))) ?? null;
}

async function rowsOf(
  set: EntitySet,
  query: readonly string[],
  { options, context }: TrialPlace,
): Promise<readonly string[] | null> {
  const texts = query.map((option) => {
    const at = option.indexOf('=');
    return `${option.slice(0, at)}=${encodeOption(option.slice(at + 1))}`;
  });
  const path = `${encodeURIComponent(upstreamSetName(context.map, set))}?${texts.join('&')}`;
  const rows: string[] = [];
  try {
    for await (const { raw } of readPages(path, options, context)) {
      rows.push(raw);
      if (rows.length === mostRows) {
        break;
      }
    }
  } catch (error) {
    if (isRefusedForm(error)) {
      return null;
    }
    throw error;
  }
  return rows;
}
