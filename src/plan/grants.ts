import { speaksOfKeyAlone } from './logic/key-condition.ts';
import type { PropertyView, RowCondition } from './model/restricted-set.ts';
import type { RowRule } from './model/row-rule.ts';

/** What somebody may see of one set. */
export interface SetGrant {
  /** Names of the structural properties, the whole key among them; null: all there are. */
  readonly properties: ReadonlySet<string> | null;
  /** null: all rows. */
  readonly rows: RowCondition | null;
  /** Of the properties those that are masked, or that are seen of some of the rows alone. */
  readonly views: ReadonlyMap<string, PropertyView>;
  /** Conditions and views as text; empty: there are none. */
  readonly rule: string;
  /** The rules that `rows` was made of, for policies of PostgreSQL: one of them gives each row that is there. Empty: all rows, or none. */
  readonly rowRules: readonly RowRule[];
}

/**
 * What somebody may see of the feed, bound to a model (`bind/grants.ts`). A set that is not named is not there. Made once
 * and kept as long as model and rules are the same: what is derived from it is remembered by the object.
 */
export interface Grants {
  /** By set name; null: everything, since nobody made a rule. */
  readonly sets: ReadonlyMap<string, SetGrant> | null;
  /** Grants with the same one show the same model, whatever rows they let through: it is made once for all of them. */
  readonly shape: GrantShape;
}

/** Compared by identity. */
export interface GrantShape {
  readonly text: string;
}

/** Shapes by their text, so that grants made apart are told to look alike; those used last. */
const shapes = new Map<string, GrantShape>();
const mostShapes = 500;

/** The shape of these: names, what is masked or seen in part, and whether the key alone chooses rows. */
export function grantShape(sets: ReadonlyMap<string, SetGrant>): GrantShape {
  const told = [...sets].map(([name, { properties, rows, views }]) => [
    name,
    properties === null ? null : [...properties].sort(),
    [...views].map(([property, view]) => [property, shownOf(view)]),
    rows === null || speaksOfKeyAlone(rows),
  ]);
  const text = JSON.stringify(told.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  const shape = shapes.get(text) ?? Object.freeze({ text });
  shapes.delete(text);
  shapes.set(text, shape);
  for (const oldest of shapes.keys()) {
    if (shapes.size <= mostShapes) {
      break;
    }
    shapes.delete(oldest);
  }
  return shape;
}

/** How the values of a property are seen: all of them masked, or as each row's rules say. */
export const shownOf = ({ cases }: PropertyView): 'masked' | 'partly' =>
  cases.length === 1 && cases[0]?.rows === null && cases[0].as === 'mask' ? 'masked' : 'partly';

/** What is seen of a set as text: two of one text see the same of it. Empty: all of it. */
export function seenOf(name: string, { sets }: Grants): string {
  const grant = sets?.get(name);
  if (grant === undefined) {
    return sets === null ? '' : 'nothing';
  }
  const { properties, rule } = grant;
  if (properties === null && rule === '') {
    return '';
  }
  const before = seen.get(grant) ?? JSON.stringify([properties && [...properties].sort(), rule]);
  seen.set(grant, before);
  return before;
}

const seen = new WeakMap<SetGrant, string>();

/** Everything of some sets, and nothing of others. */
export function wholeSets(names: Iterable<string>): Grants {
  const sets = new Map(
    [...names].map((name) => [name, { properties: null, rows: null, views: new Map(), rule: '', rowRules: [] }]),
  );
  return { sets, shape: grantShape(sets) };
}

/** The same, and the names of sets that are not served now: of these it may be told why. */
export function alsoWithheld(grants: Grants, names: readonly string[]): Grants {
  const more = wholeSets(names).sets ?? new Map<string, SetGrant>();
  if (grants.sets === null || more.size === 0) {
    return grants;
  }
  const sets = new Map([...more, ...grants.sets]);
  return { sets, shape: grantShape(sets) };
}

/** The rights of everybody where nobody made a rule. */
export const everything: Grants = Object.freeze({ sets: null, shape: Object.freeze({ text: '' }) });
