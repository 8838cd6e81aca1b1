import type { NavigationProperty } from '../../edm/model.ts';

/** A navigation property together with the set it leads to. */
export interface Bound {
  readonly property: NavigationProperty;
  readonly set: string;
}

/** Navigation properties by set name, then by their own name. */
export type Navigations = ReadonlyMap<string, ReadonlyMap<string, Bound>>;

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
