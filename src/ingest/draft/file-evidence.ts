import type { Catalogue } from '../../catalogue/catalogue.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import type { ColumnProfile } from './column-profile.ts';
import type { FileEvidence, KnownKey } from './propose-column.ts';

/** What some columns say of the others: which mark stands before a fraction, and whether the day or the month comes first. */
export function settleEvidence(profiles: readonly ColumnProfile[]): FileEvidence {
  const numbers = profiles.filter(({ readings }) => readings.has('number') || readings.has('percentage'));
  const marks = new Set(numbers.flatMap(({ marks: shown }) => [...shown.keys()]));
  const dates = profiles.filter(({ readings, values }) => readings.has('shaped') && values > 0);
  const voices = dates.filter(({ dayPlaces }) => dayPlaces.first > 0 !== dayPlaces.second > 0);
  const orders = voices.map(({ dayPlaces }) => dayPlaces.first > 0);
  const days = orders.filter(Boolean).length;
  const dayFirst = orders.length === 0 || days * 2 === orders.length ? null : days * 2 > orders.length;
  const settling = voices.find(({ dayPlaces }) => dayPlaces.first > 0 === dayFirst);
  return {
    decimalMark: marks.size === 1 ? ([...marks][0] ?? null) : null,
    dayFirst,
    settledBy: settling === undefined ? null : `"${settling.header}"`,
  };
}

/** Keys of one property of the sets of a source, by the headers that their exports know them under. */
export function knownKeys({ exports, model, sources }: Catalogue, source: string): ReadonlyMap<string, KnownKey> {
  const known = new Map<string, KnownKey>();
  const { length } = sources.get(source)?.prefix ?? '';
  for (const one of exports) {
    const [key, ...more] = one.key;
    const column = one.columns.find(({ property }) => property === key);
    const type = model.entitySets.get(one.set)?.entityType.properties.get(key ?? '')?.type;
    if (one.source !== source || column === undefined || more.length > 0 || type === undefined) {
      continue;
    }
    for (const { text } of column.headers) {
      const folded = foldHeader(text);
      // "Id" is the key of every set.
      if (folded !== 'id' && !known.has(folded)) {
        known.set(folded, {
          set: one.set.slice(length),
          type: type.slice(4) as KnownKey['type'],
          example: column.example,
        });
      }
    }
  }
  return known;
}
