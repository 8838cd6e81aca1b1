import type { Catalogue, Export, ExportColumn } from '../catalogue/catalogue.ts';
import { countedText, keyText, type Reference } from './key-pool.ts';
import { randomIndex } from './random.ts';

/** List columns that become bridge rows: members are keys of the bridge's target, names go with the ids by position. */
export class ListPairs {
  readonly #catalogue: Catalogue;
  readonly #ids = new Map<string, Reference>();
  readonly #names = new Map<string, string>();
  readonly #things: ReadonlyMap<string, readonly string[]>;

  constructor(catalogue: Catalogue, exported: Export, things: ReadonlyMap<string, readonly string[]>) {
    this.#catalogue = catalogue;
    this.#things = things;
    for (const [name, binding] of catalogue.sets) {
      if (binding.kind !== 'stored' || binding.derivation?.kind !== 'bridge') {
        continue;
      }
      const { from, list, paired } = binding.derivation;
      if (from !== exported.set) {
        continue;
      }
      const bridge = catalogue.model.entitySets.get(name);
      const navigation = [...(bridge?.entityType.navigationProperties.values() ?? [])].find(
        (candidate) => !candidate.collection && candidate.join.some((pair) => pair.property === list.as),
      );
      const target = navigation === undefined ? undefined : bridge?.navigationPropertyBindings.get(navigation.name);
      const pair = navigation?.join.find((candidate) => candidate.property === list.as);
      if (navigation === undefined || target === undefined || pair === undefined) {
        continue;
      }
      this.#ids.set(list.property, { navigation: navigation.name, set: target, property: pair.referencedProperty });
      if (paired !== null) {
        this.#names.set(paired.property, list.property);
      }
    }
  }

  /** The list as it stands in a file, or null where the column is no such list. */
  text(column: ExportColumn, seed: number, number: number): string | null {
    const ids = this.#ids.get(column.property);
    const partner = this.#names.get(column.property);
    if (ids === undefined && partner === undefined) {
      return null;
    }
    const members = memberIndexes(seed, partner ?? column.property, number);
    if (column.encoding === 'label-list') {
      return ids === undefined ? '' : members.map((index) => `[${keyText(this.#catalogue, ids, index)}]`).join('');
    }
    const known = this.#things.get(this.#ids.get(partner ?? '')?.set ?? '');
    const nameOf = (index: number): string =>
      known?.[index] ?? countedText(column.example.split(/[,;|]/)[0]?.trim() ?? column.example, index);
    return members
      .map((index) => (ids === undefined ? nameOf(index) : keyText(this.#catalogue, ids, index)))
      .join(', ');
  }
}

/** None to three different members out of ten. */
function memberIndexes(seed: number, property: string, number: number): readonly number[] {
  const count = randomIndex(4, seed, property, 'members', number);
  const first = randomIndex(10, seed, property, 'first', number);
  return Array.from({ length: count }, (_, i) => (first + i * 3) % 10);
}
