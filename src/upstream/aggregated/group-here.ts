import type { EntityType, PrimitiveTypeName } from '../../edm/model.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { canonicalText as servedText } from '../../json/reading/value-text.ts';
import { canonicalText } from '../../plan/value/canonical-text.ts';
import { canonicalDecimal } from '../../plan/value/numeric-text.ts';
import type { AggregatedItem, ComputedKey } from '../upstream.ts';
import type { Groups } from './aggregation-text.ts';
import { partOf } from './time-parts.ts';

/** What a row says, as canonical texts (see `Constant`), by the name of the property; null: null. */
export type Values = ReadonlyMap<string, string | null>;

/** Reads rows of a feed. null: the row has a value that is none of its type. */
export function valuesOf(
  type: Pick<EntityType, 'properties' | 'navigationProperties'>,
): (raw: string) => Values | null {
  const own = ownNames(type);
  return (raw) => {
    const members = own(readObject(raw));
    const values = new Map<string, string | null>();
    for (const property of type.properties.values()) {
      const json = members.get(property.name) ?? 'null';
      const text = json === 'null' ? null : keptText(servedText(json), property.type);
      if (json !== 'null' && text === null) {
        return null;
      }
      values.set(property.name, text);
    }
    return values;
  };
}

/** Whole numbers may be written with a fraction of zeros, and times have six digits of a second here. */
function keptText(text: string, type: PrimitiveTypeName): string | null {
  if (/^Edm\.(?:SByte|Byte|Int\d\d)$/.test(type)) {
    return canonicalDecimal(text);
  }
  const canonical = canonicalText(text, type);
  // What is cut may leave zeros at the end.
  return canonical !== null && (type === 'Edm.DateTimeOffset' || type === 'Edm.TimeOfDay')
    ? canonicalText(canonical.replace(/(\.\d{6})\d+/, '$1'), type)
    : canonical;
}

/** What an aggregation gives for a few rows, as OData 4.0 Data Aggregation says it: nulls are left out of all but `$count` and the keys. */
export function groupedHere(all: readonly Values[], { grouping, computed, items }: Groups): readonly Values[] {
  const rows = all.map((row) => withParts(row, computed));
  const groups = new Map<string, Values[]>(grouping.length === 0 ? [['[]', []]] : []);
  for (const row of rows) {
    const key = JSON.stringify(grouping.map(({ name }) => row.get(name) ?? null));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => {
    const keys = grouping.map(({ name }) => [name, group[0]?.get(name) ?? null] as const);
    return new Map([...keys, ...items.map((item) => [item.result.name, aggregated(group, item)] as const)]);
  });
}

const withParts = (row: Values, computed: readonly ComputedKey[]): Values =>
  new Map([
    ...row,
    ...computed.map(({ result, part, of }) => {
      const text = row.get(of.name) ?? null;
      return [result.name, text === null ? null : partOf(part, text)] as const;
    }),
  ]);

function aggregated(rows: readonly Values[], { property, method }: AggregatedItem): string | null {
  if (property === null) {
    return String(rows.length);
  }
  const values = rows.flatMap((row) => row.get(property.name) ?? []);
  if (method === 'countdistinct') {
    return String(new Set(values).size);
  }
  if (values.length === 0) {
    return null;
  }
  if (method === 'values') {
    return String(values.length);
  }
  if (method === 'sum') {
    return sumOf(values);
  }
  const order = comparing(property.type);
  const sorted = values.toSorted(order);
  return (method === 'min' ? sorted[0] : sorted.at(-1)) ?? null;
}

/** Exact, of any size. */
export function sumOf(values: readonly string[]): string {
  const digits = fractionDigits(values);
  const total = values.reduce((sum, value) => sum + scaled(value, digits), 0n);
  const text = (total < 0n ? -total : total).toString().padStart(digits + 1, '0');
  const point = text.length - digits;
  return canonicalDecimal(`${total < 0n ? '-' : ''}${text.slice(0, point)}.${text.slice(point)}`) ?? '0';
}

const fractionDigits = (values: readonly string[]): number =>
  Math.max(0, ...values.map((value) => value.split('.')[1]?.length ?? 0));

function scaled(value: string, digits: number): bigint {
  const [whole = '0', fraction = ''] = value.split('.');
  return BigInt(`${whole}${fraction.padEnd(digits, '0')}`);
}

/** Of canonical texts of one type that has an order. */
function comparing(type: PrimitiveTypeName): (a: string, b: string) => number {
  if (type === 'Edm.Date' || type === 'Edm.DateTimeOffset' || type === 'Edm.TimeOfDay') {
    // Without its `Z` a moment with a fraction comes behind the one without.
    const bare = (text: string): string => text.replace('Z', '');
    return (a, b) => (bare(a) < bare(b) ? -1 : 1);
  }
  return (a, b) => {
    const digits = fractionDigits([a, b]);
    return scaled(a, digits) < scaled(b, digits) ? -1 : 1;
  };
}

/** Whether both say the same, in whatever order. */
export function areSame(some: readonly (Values | null)[], others: readonly Values[]): boolean {
  const texts = (all: readonly (Values | null)[]): string =>
    JSON.stringify(
      all
        .map((one) => JSON.stringify(one === null ? 'no row' : [...one].toSorted(([a], [b]) => (a < b ? -1 : 1))))
        .toSorted(),
    );
  return texts(some) === texts(others);
}
