import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { PersonalData, Property } from '../../edm/model.ts';
import type { Persons } from './persons.ts';

/** What becomes of a row. `byKey`: its key names the person. */
export type RowErasure =
  | { readonly kind: 'keep' }
  | { readonly kind: 'remove'; readonly byKey: boolean }
  | { readonly kind: 'blank'; readonly properties: ReadonlySet<string> };

interface Personal {
  readonly name: string;
  readonly kind: Exclude<PersonalData, 'none'>;
  readonly nullable: boolean;
  readonly key: boolean;
}

const keep: RowErasure = { kind: 'keep' };

/**
 * What erasing a person does to rows of one set, the same to stored ones and to those of files. A row whose key names the person, or that is
 * about the person (its key holds a personal number or name), is removed. Of others that name the person the personal cells are
 * emptied; where only a text mentions the person, that text. A row with such a cell that cannot be empty is removed.
 */
export class ErasureRules {
  /** The personal properties, in the order of the set. */
  readonly properties: readonly Personal[];
  /** Kinds of persons that the rows are about. */
  readonly #about: ReadonlySet<string>;
  /** Properties that the key is made of. */
  readonly #keyed: ReadonlySet<string>;
  /** Properties computed from others, by these. */
  readonly #computed: ReadonlyMap<string, readonly string[]>;

  constructor(catalogue: Catalogue, set: string) {
    const type = catalogue.model.entitySets.get(set)?.entityType;
    const key = new Set(type?.key ?? []);
    this.properties = [...(type?.properties.values() ?? [])]
      .filter((property) => property.name !== 'Extras')
      .flatMap((property) => personalOf(property, key));
    this.#about = new Set(this.properties.filter((one) => one.key).map((one) => groupOf(one.kind)));
    const computed = catalogue.exports.filter((one) => one.set === set).flatMap((one) => one.computed);
    const inputs = computed.map((one) => {
      const of = one.kind === 'period' ? [] : 'of' in one ? [one.of].flat() : [one.date, one.time];
      return [one.property, of] as const;
    });
    this.#keyed = new Set(inputs.flatMap(([name, of]) => (key.has(name) ? of : [])));
    const made = new Map<string, string[]>();
    for (const [name, of] of inputs) {
      for (const input of of) {
        made.set(input, [...(made.get(input) ?? []), name]);
      }
    }
    this.#computed = made;
  }

  /** `cell`: text of a property; null or empty: the row has none. */
  decide(persons: Persons, cell: (property: string) => string | null): RowErasure {
    const named: Personal[] = [];
    const mentioned: Personal[] = [];
    for (const one of this.properties) {
      const text = cell(one.name) ?? '';
      if (text === '') {
        continue;
      }
      const isText = one.kind === 'content';
      if (persons.isPerson(text, one.kind === 'pseudonym')) {
        (isText ? mentioned : named).push(one);
      } else if (one.kind !== 'pseudonym' && one.kind !== 'employee' && persons.mentions(text)) {
        (isText ? mentioned : named).push(one);
      }
    }
    if (named.length + mentioned.length === 0) {
      return keep;
    }
    const byKey = [...named, ...mentioned].some(({ key }) => key);
    if (byKey || named.some(({ kind }) => this.#about.has(groupOf(kind)))) {
      return { kind: 'remove', byKey };
    }
    const isCustomer = named.some(({ kind }) => groupOf(kind) === 'customer');
    const blanked = isCustomer
      ? this.properties.filter((one) => groupOf(one.kind) === 'customer' && !one.key)
      : mentioned;
    const all = [...new Set([...blanked, ...named, ...mentioned])].filter((one) => (cell(one.name) ?? '') !== '');
    if (all.some(({ name, nullable }) => !nullable || this.#keyed.has(name))) {
      return { kind: 'remove', byKey: false };
    }
    const made = all.flatMap(({ name }) => this.#computed.get(name) ?? []);
    return { kind: 'blank', properties: new Set([...all.map(({ name }) => name), ...made]) };
  }
}

/** Whoever writes to a desk and whoever sits at it are different persons: to erase one empties no cell of the other. */
const groupOf = (kind: PersonalData): 'customer' | 'employee' => (kind === 'employee' ? 'employee' : 'customer');

function personalOf(property: Property, key: ReadonlySet<string>): readonly Personal[] {
  const { name, personalData: kind = 'none', nullable } = property;
  return kind === 'none' ? [] : [{ name, kind, nullable, key: key.has(name) }];
}
