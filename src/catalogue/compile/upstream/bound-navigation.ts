import type { NavigationProperty } from '../../../edm/model.ts';

/** A navigation property together with the set it leads to. */
export interface Bound {
  readonly property: NavigationProperty;
  readonly set: string;
}

/** Navigation properties by set name, then by their own name. */
export type Navigations = ReadonlyMap<string, ReadonlyMap<string, Bound>>;

/** Of both; no name is in both. */
export function joinedNavigations(one: Navigations, other: Navigations): Navigations {
  const names = new Set([...one.keys(), ...other.keys()]);
  return new Map([...names].map((name) => [name, new Map([...(one.get(name) ?? []), ...(other.get(name) ?? [])])]));
}

/** Each leads to the type that its set has among `typeNames`, by set name; where it is not among them, to the same as before. */
export function leadingTo(found: Navigations, typeNames: ReadonlyMap<string, string>): Navigations {
  const led = ({ property, set }: Bound): Bound => ({
    set,
    property: { ...property, target: typeNames.get(set) ?? property.target },
  });
  return new Map(
    [...found].map(([setName, navigations]) => [
      setName,
      new Map([...navigations].map(([name, bound]) => [name, led(bound)])),
    ]),
  );
}

/** A partner that is not among `found`, or leads elsewhere, is no partner. */
export function withoutLostPartners(found: Navigations): Navigations {
  return new Map(
    [...found].map(([setName, navigations]) => [
      setName,
      new Map(
        [...navigations].map(([name, bound]): [string, Bound] => {
          const { partner, ...rest } = bound.property;
          const kept = partner !== undefined && found.get(bound.set)?.get(partner)?.set === setName;
          return [name, kept ? bound : { set: bound.set, property: rest }];
        }),
      ),
    ]),
  );
}
