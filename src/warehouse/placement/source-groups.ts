import { hash } from 'node:crypto';
import type { Catalogue, SetHistory, StoredSet } from '../../catalogue/catalogue.ts';
import { productOf, spacesOf } from '../../catalogue/unified.ts';

/** Sources whose tables lie together: those of one product, which speak of the same things, and those of which sets are made of each other's rows. */
export interface SourceGroup {
  /** In the order of their names. */
  readonly sources: readonly string[];
  /** Sets whose rows come from files of these sources, or are made of such, or given for them. */
  readonly sets: readonly StoredSet[];
}

/** Schema of what placing adds. It can be made anew from the schemas `feed` and `gateway`, so a backup leaves it out. */
export const placedSchema = 'gateway_placed';

/** The groups of a catalogue. Sets over all sources, the ledger and copies of proxied sets are in none. */
export function sourceGroups(catalogue: Catalogue): readonly SourceGroup[] {
  const sources = [...catalogue.sources.values()].filter(({ kind }) => kind === 'files').map(({ name }) => name);
  const heads = new Map(sources.map((name) => [name, name]));
  const headOf = (name: string): string => {
    const head = heads.get(name) ?? name;
    return head === name ? name : headOf(head);
  };
  const join = (names: readonly string[]): void => {
    const [first, ...others] = names.filter((name) => heads.has(name)).map(headOf);
    for (const other of others) {
      heads.set(headOf(other), headOf(first ?? other));
    }
  };
  for (const together of spokenTogether(catalogue)) {
    join(together);
  }
  const sets = [...catalogue.sets.values()].filter((set) => set.kind === 'stored');
  const groups = [...new Set(sources.map(headOf))].map((head) =>
    sources.filter((name) => headOf(name) === head).sort(),
  );
  return groups.map((names) => ({
    sources: names,
    sets: sets.filter(({ source, role }) => names.includes(source) && role !== 'ledger' && role !== 'copy'),
  }));
}

/** Names of sources of which a statement reads rows side by side. */
function spokenTogether(catalogue: Catalogue): readonly (readonly string[])[] {
  const sourceOf = (set: string): string => catalogue.sets.get(set)?.source ?? '';
  const products = new Map<string, string[]>();
  const together: string[][] = [];
  for (const set of catalogue.sets.values()) {
    const derivation = set.kind === 'stored' ? set.derivation : null;
    if (derivation?.kind === 'bridge') {
      together.push([set.source, sourceOf(derivation.from)]);
    } else if (derivation?.kind === 'dimension') {
      together.push([set.source, ...derivation.from.map((one) => sourceOf(one.set))]);
    } else if (derivation?.kind === 'unified') {
      for (const one of derivation.from) {
        together.push([one.source, ...one.gather.map((gathered) => sourceOf(gathered.set))]);
        for (const [source, space] of spacesOf(one)) {
          products.set(productOf(space), [...(products.get(productOf(space)) ?? []), source]);
        }
      }
    }
  }
  return [...together, ...products.values()];
}

/** For people. */
export const groupName = ({ sources }: SourceGroup): string => sources.join(' + ');

/** Where data versions and keys of removed rows of a group's sets lie beside their rows: names that stay as long as the group keeps its first source. */
export function historyOf({ sources }: SourceGroup): SetHistory {
  const id = hash('sha256', sources[0] ?? '', 'hex').slice(0, 12);
  return {
    versions: { schema: placedSchema, name: `versions_${id}` },
    tombstones: { schema: placedSchema, name: `tombstones_${id}` },
  };
}
