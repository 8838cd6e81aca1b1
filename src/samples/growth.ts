import type { Catalogue, Export } from '../catalogue/catalogue.ts';
import { referencesOf } from './key-pool.ts';
import type { SampleOrder } from './sample-order.ts';

/** What others speak of is rarer than they are: a conversation has some messages, a message some notes. */
const rowsOfOne = 2;
const depth = 2;

/** Exports to which rows are added day by day, and how many. */
export class Growth {
  readonly #catalogue: Catalogue;
  readonly #order: SampleOrder;
  readonly #exports = new Map<string, Export | null>();
  readonly #rows = new Map<Export, number>();

  constructor(catalogue: Catalogue, order: SampleOrder) {
    this.#catalogue = catalogue;
    this.#order = order;
  }

  /** The export that gives a set, or a set derived from it by the same key, its rows day by day; undefined where none does. */
  exportOf(set: string): Export | undefined {
    const known = this.#exports.get(set);
    if (known !== undefined) {
      return known ?? undefined;
    }
    const found = this.#find(set);
    this.#exports.set(set, found ?? null);
    return found;
  }

  /**
   * Rows that an export gets on a day. Whoever asks for some exports only says with how many, and has them speak of things that
   * are named some ten times each.
   */
  rowsPerDay(exported: Export): number {
    const known = this.#rows.get(exported);
    if (known !== undefined) {
      return known;
    }
    const { only } = this.#order;
    const asked = only.includes(exported.name) || only.includes(exported.set);
    const rarer = only.length > 0 ? (asked ? 1 : 10) : rowsOfOne ** this.#levelOf(this.sameAs(exported) ?? exported);
    const rows = Math.ceil(this.#order.rows / rarer);
    this.#rows.set(exported, rows);
    return rows;
  }

  /** The other export that has the same things for keys, and as many of them. */
  sameAs(exported: Export): Export | undefined {
    const [key, ...more] = exported.key;
    const reference = key === undefined ? undefined : referencesOf(this.#catalogue, exported).get(key);
    const target = reference === undefined || more.length > 0 ? undefined : this.exportOf(reference.set);
    return exported.write.mode !== 'upsert' || target === exported ? undefined : target;
  }

  /** 0 where no export speaks of its rows, 1 where one does of whose rows none does, and so on. */
  #levelOf(exported: Export, above: readonly Export[] = []): number {
    const speakers = this.#catalogue.exports.filter(
      (one) => !above.includes(one) && one !== exported && this.#speaksOf(one).includes(exported),
    );
    const levels = speakers.map((one) => 1 + this.#levelOf(one, [...above, exported]));
    return Math.min(depth, Math.max(0, ...levels));
  }

  #find(set: string): Export | undefined {
    const grows = (name: string): Export | undefined =>
      this.#catalogue.exports.find((exported) => exported.set === name && exported.write.mode === 'upsert');
    const binding = this.#catalogue.sets.get(set);
    if (binding?.kind !== 'stored' || binding.derivation?.kind !== 'dimension') {
      return grows(set);
    }
    const key = this.#catalogue.model.entitySets.get(set)?.entityType.key ?? [];
    const same = binding.derivation.from.find(({ set: name, columns }) => {
      const own = grows(name)?.key;
      return (
        own !== undefined && own.length === key.length && key.every((part) => own.includes(columns.get(part) ?? ''))
      );
    });
    return same === undefined ? undefined : grows(same.set);
  }

  #speaksOf(exported: Export): readonly Export[] {
    const same = this.sameAs(exported);
    return [...referencesOf(this.#catalogue, exported).values()].flatMap(({ set }) => {
      const target = this.exportOf(set);
      return target === undefined || target === exported || target === same ? [] : [target];
    });
  }
}
