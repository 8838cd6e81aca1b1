import { keyProperties } from '../../edm/key-properties.ts';
import type { EntitySet, EntityType, PrimitiveTypeName, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import { keyOrder, rowsAt, type TrialPlace } from '../trials/trial-rows.ts';
import type { AggregatedItem, AggregatedRequest } from '../upstream.ts';
import { filterText } from '../url/compile-url.ts';
import { upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';
import { type Groups, groupsText } from './aggregation-text.ts';
import { counted, freeName, resultOf } from './counted.ts';
import { areSame, groupedHere, sumOf, type Values, valuesOf } from './group-here.ts';
import { momentsOf, partOf, typeOfPart } from './time-parts.ts';
import { alikeText, variantsOf, variantsText } from './told-apart.ts';

/**
 * What a trial has shown. `unshown`: there were no rows that could show it, or the feed would not say. `open`: conditions of which no row was; the trial
 * holds as long as there is none.
 */
export interface AggregationTrial {
  readonly verdict: 'right' | 'wrong' | 'unshown';
  /** In words, without a value of any row. */
  readonly reason: string;
  readonly open: readonly string[];
}

/** Rows that are looked at: a filter of their keys is short, also where a feed limits its parts. */
const mostRows = 12;

const unshown = (reason: string): AggregationTrial => ({ verdict: 'unshown', reason, open: [] });
const wrong = (reason: string): AggregationTrial => ({ verdict: 'wrong', reason, open: [] });

/** Ends a trial. */
class Ended extends Error {
  readonly trial: AggregationTrial;

  constructor(trial: AggregationTrial) {
    super(trial.reason);
    this.trial = trial;
  }
}

/**
 * Whether a feed adds up some of its rows as they are added up here: those of all groups, a part of them, and those that have nothing but null; whether its sums are
 * exact beyond what its own type holds; and whether it tells near values apart. All of it is asked of rows that were read one by one before.
 */
export async function triedAggregation(request: AggregatedRequest, place: TrialPlace): Promise<AggregationTrial> {
  try {
    return await new Trial(counted(request), place).run();
  } catch (error) {
    if (error instanceof Ended) {
      return error.trial;
    }
    throw error;
  }
}

/** Whether any row meets a condition; null: the feed refuses to say. */
export async function anyRow(set: EntitySet, condition: string, place: TrialPlace): Promise<boolean | null> {
  const key = keyProperties(set.entityType).map(upstreamPropertyName).join(',');
  const rows = await rowsAt(setPath(set, place), [`$select=${key}`, `$filter=${condition}`, '$top=1'], place);
  return rows === null ? null : rows.length > 0;
}

const setPath = (set: EntitySet, { context }: TrialPlace): string =>
  encodeURIComponent(upstreamSetName(context.map, set));

class Trial {
  readonly #request: AggregatedRequest;
  readonly #place: TrialPlace;
  readonly #type: EntityType;
  readonly #open: string[] = [];

  constructor(request: AggregatedRequest, place: TrialPlace) {
    this.#request = request;
    this.#place = place;
    this.#type = request.set.entityType;
  }

  async run(): Promise<AggregationTrial> {
    const { grouping, computed } = this.#request;
    const items = this.#request.items;
    const all = { grouping: [], computed: [], items };
    const rows = await this.#rows();
    await this.#compare('in groups', rows, { grouping, computed, items });
    // A feed that reads no filter inside of $apply gives all of them.
    await this.#compare('of some rows', rows.slice(0, rows.length >> 1), all);
    for (const property of aggregatedOf(items).filter(({ nullable }) => nullable)) {
      const nulls = rows.filter((row) => row.get(property.name) === null);
      if (nulls.length > 0) {
        await this.#compare('of nulls', nulls, all);
      }
    }
    for (const { property } of items.filter(({ method }) => method === 'sum')) {
      if (property !== null) {
        await this.#sumsWide(property, rows);
      }
    }
    for (const property of this.#request.apart) {
      await this.#tellsApart(property, rows);
    }
    const moments = computed.flatMap(({ of }) => (of.type === 'Edm.Date' ? [] : [of]));
    for (const property of new Set(moments)) {
      await this.#readsInUtc(property, rows);
    }
    return { verdict: 'right', reason: 'it adds up rows as they are added up here', open: this.#open };
  }

  /** The first rows of the set, and some that have what these lack. */
  async #rows(): Promise<readonly Values[]> {
    const items = this.#request.items;
    const first = await this.#read(keyOrder(this.#type), mostRows);
    if (first.length < 2) {
      throw new Ended(unshown('there are too few rows that could show it'));
    }
    const rows = new Map(first.map((row) => [this.#keyOf(row), row]));
    const add = async (condition: string, isMeant: (row: Values) => boolean): Promise<void> => {
      if ([...rows.values()].some(isMeant)) {
        return;
      }
      const more = await this.#read(`$filter=${condition}`, 2);
      if (!more.every(isMeant)) {
        throw new Ended(unshown('it gives rows that do not meet a condition'));
      }
      for (const row of more) {
        rows.set(this.#keyOf(row), row);
      }
      if (more.length === 0) {
        this.#open.push(condition);
      }
    };
    for (const property of this.#columns()) {
      const name = upstreamPropertyName(property);
      if (property.nullable) {
        await add(`${name} eq null`, (row) => row.get(property.name) === null);
      }
    }
    for (const { property, method } of items) {
      if (property !== null && method === 'sum' && property.type === 'Edm.Decimal') {
        const name = upstreamPropertyName(property);
        await add(`floor(${name}) ne ${name}`, (row) => row.get(property.name)?.includes('.') === true);
      }
    }
    const all = [...rows.values()];
    for (const item of items) {
      checkTelling(item, all);
    }
    return all;
  }

  /** The properties of the set that are looked at. */
  #columns(): ReadonlySet<Property> {
    const { grouping, computed, items, apart } = this.#request;
    const results = new Set(computed.map(({ result }) => result));
    const keys = [...grouping.filter((key) => !results.has(key)), ...computed.map(({ of }) => of)];
    return new Set([...keys, ...aggregatedOf(items), ...apart]);
  }

  async #read(option: string, most: number): Promise<readonly Values[]> {
    const { set } = this.#request;
    const columns = [...keyProperties(this.#type), ...this.#columns()];
    const properties = new Map(columns.map((property) => [property.name, property]));
    const select = `$select=${[...properties.values()].map(upstreamPropertyName).join(',')}`;
    const raw = await rowsAt(setPath(set, this.#place), [select, option, `$top=${most}`], this.#place);
    if (raw === null) {
      throw new Ended(unshown('it refuses to give some of its rows'));
    }
    const read = valuesOf({ properties, navigationProperties: new Map() });
    return raw.slice(0, most).map((row) => {
      const values = read(row);
      if (values === null) {
        throw new Ended(unshown('a row has a value that is none of its type'));
      }
      return values;
    });
  }

  #keyOf(row: Values): string {
    return JSON.stringify(this.#type.key.map((name) => row.get(name)));
  }

  /** The condition that a row is one of these. */
  #isOneOf(rows: readonly Values[]): string {
    const { set } = this.#request;
    const properties = keyProperties(this.#type);
    const keys = rows.map((row) => properties.map(({ name }) => row.get(name) ?? ''));
    return filterText(keyedCondition({ set, properties, keys }, null), this.#place.context.map);
  }

  async #compare(what: string, rows: readonly Values[], groups: Groups) {
    const told = await this.#asked(`filter(${this.#isOneOf(rows)})/${groupsText(groups)}`, [
      ...groups.grouping,
      ...groups.items.map(({ result }) => result),
    ]);
    if (!areSame(told, groupedHere(rows, groups))) {
      throw new Ended(wrong(`it adds rows up otherwise: ${groupsText(groups)} ${what}`));
    }
  }

  /** Sums of numbers that are near the most of their type. */
  async #sumsWide(property: Property, rows: readonly Values[]): Promise<void> {
    const some = rows.filter((row) => (row.get(property.name) ?? null) !== null).slice(0, 2);
    const wide = wideOf(property.type);
    const [name, sum] = [this.#free('Wide'), this.#free('Sum')];
    const text = `filter(${this.#isOneOf(some)})/compute(${upstreamPropertyName(property)} mul 0 add ${wide} as ${name})/aggregate(${name} with sum as ${sum})`;
    const told = await this.#asked(text, [resultOf(sum, 'Edm.Decimal')]);
    if (!areSame(told, [new Map([[sum, sumOf(some.map(() => wide))]])])) {
      throw new Ended(wrong(`its sums of ${property.type} are not exact beyond the type`));
    }
  }

  /** Values that are near each other are groups of their own, and equal only to themselves. */
  async #tellsApart(property: Property, rows: readonly Values[]): Promise<void> {
    const variants = variantsOf(property);
    if (variants === null) {
      return;
    }
    const fit = rows.map((row) => {
      const text = row.get(property.name) ?? null;
      return { row, values: text === null ? null : variants.valuesOf(text) };
    });
    const { row, values } = fit.find((one) => one.values !== null) ?? {};
    if (row === undefined || values === null || values === undefined) {
      throw new Ended(unshown(`no row has a ${property.name} of which others can be made`));
    }
    const [name, count] = [this.#free('Value'), this.#free('Rows')];
    const number = resultOf(count, 'Edm.Int64');
    const grouped = `filter(${this.#isOneOf([row])})/${variantsText(variants, name, count)}`;
    const told = await this.#asked(grouped, [resultOf(name, property.type), number]);
    const right = values.map((value) => new Map([...[[name, value] as const], ...[[count, '1'] as const]]));
    if (!areSame(told, right)) {
      throw new Ended(wrong(`it takes values of ${property.name} for one group that differ`));
    }
    const equal = `filter(${this.#isOneOf([row])} and (${alikeText(variants)}))/aggregate($count as ${count})`;
    if (!areSame(await this.#asked(equal, [number]), [new Map([[count, '0']])])) {
      throw new Ended(wrong(`values of ${property.name} that differ are equal to it`));
    }
  }

  /** Parts of times are those in UTC. */
  async #readsInUtc(property: Property, rows: readonly Values[]): Promise<void> {
    const row = rows.find((one) => (one.get(property.name) ?? null) !== null);
    if (row === undefined) {
      throw new Ended(unshown(`no row has a ${property.name}`));
    }
    const moments = momentsOf(upstreamPropertyName(property), row.get(property.name) ?? '');
    const parts = (['date', 'hour', 'minute'] as const).map((part) => ({ part, name: this.#free(part) }));
    const computed = moments.map(
      ({ expression }) => `compute(${parts.map(({ part, name }) => `${part}(${expression}) as ${name}`).join(',')})`,
    );
    const names = parts.map(({ name }) => name).join(',');
    const told = await this.#asked(
      `filter(${this.#isOneOf([row])})/concat(${computed.join(',')})/groupby((${names}))`,
      parts.map(({ part, name }) => resultOf(name, typeOfPart(part))),
    );
    const right = moments.map(({ text }) => new Map(parts.map(({ part, name }) => [name, partOf(part, text)])));
    if (!areSame(told, [...new Map(right.map((one) => [JSON.stringify([...one]), one])).values()])) {
      throw new Ended(wrong(`it takes parts of ${property.name} by another time than UTC`));
    }
  }

  async #asked(text: string, results: readonly Property[]): Promise<readonly (Values | null)[]> {
    const path = setPath(this.#request.set, this.#place);
    const raw = await rowsAt(path, [`$apply=${text}`], this.#place).catch((error: unknown) => {
      // It gave rows before.
      if (error instanceof GatewayError && error.code === 'UpstreamRefused') {
        throw new Ended(unshown('what it answers to a trial is no collection of rows'));
      }
      throw error;
    });
    if (raw === null) {
      throw new Ended(wrong('it refuses what a trial asks of it'));
    }
    const properties = new Map(results.map((property) => [property.name, property]));
    return raw.map(valuesOf({ properties, navigationProperties: new Map() }));
  }

  /** A name that the set has not. */
  #free(name: string): string {
    return freeName(`Tried${name}`, this.#type.properties.keys());
  }
}

const aggregatedOf = (items: readonly AggregatedItem[]): readonly Property[] => [
  ...new Set(items.flatMap(({ property }) => (property === null ? [] : [property]))),
];

/** Whether rows can show what a feed does with a method. */
function checkTelling({ property, method }: AggregatedItem, rows: readonly Values[]): void {
  const values = property === null ? [] : rows.flatMap((row) => row.get(property.name) ?? []);
  const distinct = new Set(values).size;
  const tells =
    property === null ||
    (method === 'sum' || method === 'values'
      ? values.length >= 2
      : method === 'countdistinct'
        ? distinct < values.length
        : distinct >= 2);
  if (!tells) {
    throw new Ended(unshown(`the values of ${property.name} do not tell ${method} from something else`));
  }
}

/** A number of a type, two of which are beyond it, or beyond what a number with a floating point holds. */
function wideOf(type: PrimitiveTypeName): string {
  if (type === 'Edm.Decimal') {
    return '12345678901234567.89';
  }
  return type === 'Edm.Int64' ? '9000000000000000001' : '2000000001';
}
