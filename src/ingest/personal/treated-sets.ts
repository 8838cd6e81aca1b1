import type { Catalogue } from '../../catalogue/catalogue.ts';
import { hashes, type PersonalPolicy } from '../../catalogue/personal-data.ts';
import { type Treatment, treatmentsOf } from './treatments.ts';

/** What becomes of one property's values. */
export interface TreatedProperty {
  readonly policy: PersonalPolicy;
  readonly treat: Treatment;
}

/** The name of the cells under unknown headers. */
export const extrasProperty = 'Extras';

/**
 * What becomes of the properties of all stored sets, by set: of exports as the metadata says, of derived ones as of those that they take
 * their values from. Properties that are kept are left out. Throws PersonalKeyMissing.
 */
export function treatedSets(catalogue: Catalogue): ReadonlyMap<string, ReadonlyMap<string, TreatedProperty>> {
  const found = new Map<string, Map<string, TreatedProperty>>();
  for (const target of catalogue.exports) {
    const type = catalogue.model.entitySets.get(target.set)?.entityType;
    const treatments = type === undefined ? null : treatmentsOf(catalogue, target, type);
    if (treatments === null) {
      continue;
    }
    const own = new Map(treatments.properties);
    const { extras } = target.personal;
    if (treatments.extras !== null) {
      own.set(extrasProperty, { policy: extras, treat: eachMember(treatments.extras) });
    }
    found.set(target.set, own);
  }
  // A derived set may take from derived ones: as often as there are sets is enough for any chain.
  for (let again = found.size > 0; again; ) {
    again = false;
    for (const set of catalogue.sets.values()) {
      const own = found.get(set.name) ?? new Map<string, TreatedProperty>();
      for (const [ours, theirs] of set.kind === 'stored' ? takenBy(set.derivation) : []) {
        const treated = found.get(theirs.set)?.get(theirs.property);
        if (treated !== undefined && !own.has(ours)) {
          own.set(ours, treated);
          found.set(set.name, own);
          again = true;
        }
      }
    }
  }
  return found;
}

interface Taken {
  readonly set: string;
  readonly property: string;
}

type Derivation = Extract<
  Catalogue['sets'] extends ReadonlyMap<string, infer S> ? S : never,
  { kind: 'stored' }
>['derivation'];

function takenBy(derivation: Derivation): readonly (readonly [ours: string, theirs: Taken])[] {
  if (derivation === null || derivation.kind === 'rows') {
    return [];
  }
  if (derivation.kind === 'dimension') {
    return derivation.from.flatMap(({ set, columns }) =>
      [...columns].map(([ours, property]) => [ours, { set, property }] as const),
    );
  }
  if (derivation.kind !== 'bridge') {
    return [];
  }
  const { from, parent, carries, list, paired } = derivation;
  const lists = [list, ...(paired === null ? [] : [paired])];
  return [
    ...[...parent, ...carries].map(([property, ours]) => [ours, { set: from, property }] as const),
    ...lists.map(({ property, as }) => [as, { set: from, property }] as const),
  ];
}

/** The same of each value of a JSON object. */
function eachMember(treat: Treatment): Treatment {
  return (text) => {
    const members = Object.entries(JSON.parse(text) as Record<string, string>).flatMap(([name, value]) => {
      const treated = treat(value);
      return treated === null ? [] : [[name, treated] as const];
    });
    return members.length === 0 ? null : JSON.stringify(Object.fromEntries(members));
  };
}

/** The policies of these sets, property by property, those that are kept left out. */
export function policiesOf(
  catalogue: Catalogue,
  sets: readonly string[],
): readonly { readonly set: string; readonly property: string; readonly policy: PersonalPolicy }[] {
  const treated = treatedSets(catalogue);
  return sets.flatMap((set) =>
    [...(treated.get(set) ?? [])].map(([property, { policy }]) => ({ set, property, policy })),
  );
}

/** Whether anything is hashed: of an export, or of an archived feed. */
export const anyHashes = (catalogue: Catalogue): boolean =>
  catalogue.exports.some(({ personal }) => hashes(personal)) ||
  [...catalogue.sets.values()].some((set) => {
    const personal = set.kind === 'upstream' ? set.archive?.personal : undefined;
    return personal !== undefined && [...personal.byProperty.values(), ...personal.byClass.values()].includes('hash');
  });
