import type { Catalogue } from '../catalogue/catalogue.ts';
import type { PersonalPolicy } from '../catalogue/personal-data.ts';
import { maskedText, maskedTime } from '../edm/mask.ts';
import type { Property } from '../edm/model.ts';
import { requiredKey } from '../ingest/personal/personal-key.ts';
import { hashing, type Treatment } from '../ingest/personal/treatments.ts';
import type { ArchivedSet } from './archived-set.ts';

/** What becomes of a property's values before they are stored. */
export type TreatingPolicy = Exclude<PersonalPolicy, 'keep'>;

/**
 * The policies that hold for the properties that the feed declares now, those that are kept left out. What no document names follows its
 * class, as far as it can: a key must have a value, a hash is a text, and a mask has texts and times.
 */
export function policiesOf({ live, settings }: ArchivedSet): ReadonlyMap<string, TreatingPolicy> {
  const { key, properties } = live.entityType;
  const documented = new Map([...settings.personal.byProperty].map(([name, policy]) => [name.toLowerCase(), policy]));
  const found = new Map<string, TreatingPolicy>();
  for (const property of properties.values()) {
    const { name, personalData = 'content' } = property;
    const wanted = documented.get(name.toLowerCase()) ?? settings.personal.byClass.get(personalData) ?? 'keep';
    const policy = wanted === 'keep' ? 'keep' : fitting(property, wanted, key.includes(name));
    if (policy !== 'keep') {
      found.set(name, policy);
    }
  }
  return found;
}

function fitting({ type, collection }: Property, wanted: TreatingPolicy, isKey: boolean): PersonalPolicy {
  const isText = type === 'Edm.String' && !collection;
  if (isKey) {
    return isText ? 'hash' : 'keep';
  }
  if (wanted === 'hash') {
    return isText ? 'hash' : 'drop';
  }
  const isMasked = !collection && (isText || type === 'Edm.Date' || type === 'Edm.DateTimeOffset');
  return wanted === 'mask' && !isMasked ? 'drop' : wanted;
}

/** How the values of these properties are treated. Throws PersonalKeyMissing. */
export function treatmentsOf(catalogue: Catalogue, archived: ArchivedSet): ReadonlyMap<string, Treatment> {
  const { live, settings, source } = archived;
  const { key, properties } = live.entityType;
  const exact = new Set([...settings.personal.exact].map((name) => name.toLowerCase()));
  return new Map(
    [...policiesOf(archived)].map(([name, policy]) => {
      const property = properties.get(name);
      const kind = property?.personalData ?? 'content';
      if (policy === 'drop') {
        return [name, () => null];
      }
      if (policy === 'mask') {
        return [name, property?.type === 'Edm.String' ? (text: string) => maskedText(text, kind) : maskedTime];
      }
      const isExact = kind === 'pseudonym' || key.includes(name) || exact.has(name.toLowerCase());
      return [name, hashing(requiredKey(catalogue, `the archive of ${source}`), isExact)];
    }),
  );
}

/** Whether the key of a set is not as the feed has it: then the feed cannot be asked for a row by it. */
export const hidesKey = (archived: ArchivedSet): boolean => {
  const policies = policiesOf(archived);
  return archived.live.entityType.key.some((name) => policies.has(name));
};
