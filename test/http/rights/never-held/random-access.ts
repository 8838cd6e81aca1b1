import type { EntitySet, PersonalData, Property } from '../../../../src/edm/model.ts';
import { wholeCatalogue } from '../../../unified/whole-catalogue.ts';
import { chosenSets } from './made-up-rows.ts';
import type { Picker } from './picker.ts';
import { type Claims, conditionOf, randomClaims, type Template } from './random-conditions.ts';

/** One rule about one set, as a file says it and as it is meant. */
export interface Alternative {
  /** Names that are seen, the key among them. */
  readonly shown: readonly string[];
  readonly masked: readonly string[];
  /** `$filter` with the values of the claims; `true`: all rows; null: none. */
  readonly rows: string | null;
}

export interface RandomAccess {
  /** An `access.yaml`, as JSON, which is YAML. */
  readonly text: string;
  readonly claims: Claims;
  /** By set. A set that is not named is hidden. */
  readonly granted: ReadonlyMap<string, readonly Alternative[]>;
}

interface Entry {
  readonly all?: true;
  readonly sets?: readonly string[];
  readonly except?: readonly string[];
  readonly columns?: readonly string[];
  readonly hide?: readonly string[];
  readonly hideClasses?: readonly PersonalData[];
  readonly mask?: readonly PersonalData[];
  readonly rows?: string;
}

const classes: readonly PersonalData[] = ['direct', 'indirect', 'pseudonym', 'content', 'employee'];
const classOf = ({ personalData = 'content' }: Property): PersonalData => personalData;

/** Classes of the parts of a key, which can be neither hidden nor masked. */
const keyClasses = ({ entityType }: EntitySet): readonly PersonalData[] =>
  entityType.key.flatMap((part) => {
    const property = entityType.properties.get(part);
    return property === undefined ? [] : [classOf(property)];
  });

function entryOf(pick: Picker, focus: readonly EntitySet[]): MadeEntry {
  const wide = pick.chance(0.2);
  const near = pick.chance(0.7) ? focus : chosenSets;
  return entryAbout(
    wide ? pick.subset(chosenSets, 0.6) : pick.chance(0.8) ? [pick.of(near)] : pick.subset(near, 0.4),
    pick,
  );
}

interface MadeEntry {
  readonly entry: Entry;
  readonly sets: readonly EntitySet[];
  readonly rows: Template | null;
}

/** An entry about these of the sets that it may be about. */
function entryAbout(about: readonly EntitySet[], pick: Picker): MadeEntry {
  const hideClasses = pick.chance(0.15) ? pick.some(classes) : [];
  const mask = pick.chance(0.35) ? pick.some(classes) : [];
  const fits = (set: EntitySet): boolean =>
    !keyClasses(set).some((one) => hideClasses.includes(one) || mask.includes(one));
  const found = about.filter(fits);
  const sets = found.length === 0 ? [pick.of(chosenSets.filter(fits))] : found;
  const [first] = sets;
  const others =
    sets.length === 1 && first !== undefined
      ? [...first.entityType.properties.keys()].filter((name) => !first.entityType.key.includes(name))
      : [];
  const columns = others.length > 0 && pick.chance(0.3) ? pick.subset(others, 0.5) : [];
  const hide = others.length > 0 && pick.chance(0.25) ? pick.subset(others, 0.3) : [];
  const rows = sets.length === 1 && first !== undefined && pick.chance(0.75) ? conditionOf(first, pick) : null;
  const said = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);
  const named = sets.map(({ name }) => name);
  const which = sets.length > 3 && pick.chance(0.5) ? { all: true as const, except: allBut(named) } : { sets: named };
  const entry = withoutUndefined({
    ...which,
    columns: said(columns),
    hide: said(hide),
    hideClasses: said(hideClasses),
    mask: said(mask),
    rows: rows?.text,
  });
  return { entry, sets, rows };
}

const allBut = (names: readonly string[]): readonly string[] =>
  [...wholeCatalogue.sets.keys()].filter((name) => !names.includes(name));

function alternativeOf(
  { columns, hide = [], hideClasses = [], mask = [] }: Entry,
  set: EntitySet,
): Omit<Alternative, 'rows'> {
  const { key, properties } = set.entityType;
  const shown = [...properties.values()].filter(
    (property) =>
      key.includes(property.name) ||
      ((columns === undefined || columns.includes(property.name)) &&
        !hide.includes(property.name) &&
        !hideClasses.includes(classOf(property))),
  );
  return {
    shown: shown.map(({ name }) => name),
    masked: shown.filter((property) => mask.includes(classOf(property))).map(({ name }) => name),
  };
}

/** Roles that somebody has, one that he has not, and his claims; most rules are about the sets of `focus`. */
export function accessOf(pick: Picker, focus: readonly EntitySet[]): RandomAccess {
  const claims = randomClaims(pick);
  const roles: Record<string, object> = {};
  const granted = new Map<string, Alternative[]>();
  // Each set of the focus is there in most cases, and seldom all of it.
  const first = focus.filter(() => pick.chance(0.85)).map((set) => entryAbout([set], pick));
  for (const role of ['a', ...(pick.chance(0.4) ? ['b'] : []), 'other']) {
    const others = Array.from({ length: pick.upTo(2) }, () => entryOf(pick, focus));
    const entries = role === 'a' ? [...first, ...others] : others;
    const who = role === 'other' ? [{ roles: ['Other'] }] : [{ kinds: ['entra'] }];
    roles[role] = { who, read: entries.map(({ entry }) => entry) };
    for (const { entry, sets, rows } of role === 'other' ? [] : entries) {
      for (const set of sets) {
        const alternative = { ...alternativeOf(entry, set), rows: rows === null ? 'true' : rows.resolved(claims) };
        granted.set(set.name, [...(granted.get(set.name) ?? []), alternative]);
      }
    }
  }
  return { text: JSON.stringify({ roles }), claims, granted };
}

const withoutUndefined = (entry: { readonly [Name in keyof Entry]?: Entry[Name] | undefined }): Entry =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
