import type { EntitySet, Property } from '../../../../src/edm/model.ts';
import { chosenSets, madeUpRows, madeUpValue, type Value } from './made-up-rows.ts';
import type { Picker } from './picker.ts';

/** Claims of a token; absent: it has none of this name. */
export type Claims = Readonly<Record<string, unknown>>;

/** A condition of a rule: with claims, and with their values. */
export interface Template {
  readonly text: string;
  /** null: a claim is missing, or of another type, so that it gives no row. */
  resolved(claims: Claims): string | null;
}

const chosen = new Map(chosenSets.map((set) => [set.name, set]));

export const setNamed = (name: string | undefined): EntitySet | undefined => chosen.get(name ?? '');

/** Values that rows of the set have; where none has any, some that they could have. */
export function valuesOf({ name, entityType }: EntitySet, property: string): readonly Value[] {
  const rows = madeUpRows.get(name) ?? [];
  const type = entityType.properties.get(property)?.type ?? 'Edm.String';
  const found =
    rows.length === 0 ? [1, 2, 8, 10].map((n) => madeUpValue(type, n)) : rows.map((row) => row[property] ?? null);
  const values = [...new Set(found)].filter((value) => value !== null);
  return values.length === 0 ? [madeUpValue(type, 1)] : values;
}

/** A value as a literal of the property's type. */
export function literal(value: Value, { type }: Property): string {
  if (value === null) {
    return 'null';
  }
  switch (type) {
    case 'Edm.String':
      return `'${String(value).replaceAll("'", "''")}'`;
    case 'Edm.Duration':
      return `duration'${String(value)}'`;
    default:
      return String(value);
  }
}

const numeric = /^Edm\.(Byte|SByte|Int16|Int32|Int64|Decimal|Double|Single)$/;
const ordered = /^Edm\.(?!Boolean|Binary|Guid)/;

export const isNumeric = ({ type }: Property): boolean => numeric.test(type);

/** What a set can be asked of one of its own properties. */
export function ownCondition(set: EntitySet, pick: Picker, prefix = ''): string {
  const property = pick.of([...set.entityType.properties.values()]);
  const path = `${prefix}${property.name}`;
  const any = (): string => literal(pick.of(valuesOf(set, property.name)), property);
  const { type } = property;
  const forms: (() => string)[] = [
    () => `${path} eq ${any()}`,
    () => `${path} ne ${any()}`,
    () => `${path} ${pick.of(['eq', 'ne'])} null`,
    () => `not (${path} eq ${any()})`,
    () => `${path} in (${any()},${any()})`,
  ];
  if (ordered.test(type)) {
    forms.push(() => `${path} ${pick.of(['gt', 'ge', 'lt', 'le'])} ${any()}`);
  }
  if (type === 'Edm.String') {
    forms.push(
      () => `${pick.of(['contains', 'startswith', 'endswith'])}(${path},'${pick.of(['a', 'J', '1', '*', 'char'])}')`,
      () => `length(${path}) gt ${pick.upTo(9)}`,
      () => `tolower(${path}) eq ${any().toLowerCase()}`,
      () => `concat(${path},'x') ne ${any()}`,
    );
  }
  if (type === 'Edm.DateTimeOffset' || type === 'Edm.Date') {
    forms.push(() => `year(${path}) eq 202${pick.upTo(6)}`);
  }
  if (isNumeric(property)) {
    forms.push(
      () => `${path} add 1 gt ${pick.upTo(4)}`,
      () => `${path} mul 2 ne 4`,
    );
  }
  return pick.of(forms)();
}

/** Navigation to chosen sets. */
export function navigationsOf(
  set: EntitySet,
): readonly { readonly name: string; readonly collection: boolean; readonly to: EntitySet }[] {
  return [...set.entityType.navigationProperties.values()].flatMap(({ name, collection }) => {
    const to = setNamed(set.navigationPropertyBindings.get(name));
    return to === undefined ? [] : [{ name, collection, to }];
  });
}

/** A condition about a row of the set, also by what it leads to. */
export function condition(set: EntitySet, pick: Picker, depth = 2, prefix = ''): string {
  const deeper = (): string => condition(set, pick, depth - 1, prefix);
  const ways = navigationsOf(set);
  if (depth > 0 && pick.chance(0.35)) {
    const joint = pick.of(['and', 'or']);
    return pick.chance(0.3) ? `not (${deeper()})` : `(${deeper()}) ${joint} (${deeper()})`;
  }
  if (ways.length === 0 || pick.chance(0.5)) {
    return ownCondition(set, pick, prefix);
  }
  const { name, collection, to } = pick.of(ways);
  const path = `${prefix}${name}`;
  if (!collection) {
    return pick.chance(0.25) ? `${path} ${pick.of(['eq', 'ne'])} null` : ownCondition(to, pick, `${path}/`);
  }
  const variable = `v${depth}${prefix.length}`;
  const inner = depth > 0 ? condition(to, pick, depth - 1, `${variable}/`) : ownCondition(to, pick, `${variable}/`);
  return pick.of([
    `${path}/any()`,
    `${path}/any(${variable}:${inner})`,
    `${path}/all(${variable}:${inner})`,
    `${path}/$count gt ${pick.upTo(2)}`,
  ]);
}

const names = ['one', 'many', 'number', 'numbers', 'flag', 'day'] as const;

/** For each name a value of its type, one of another type, or none. */
export function randomClaims(pick: Picker): Claims {
  const texts = ['Jan Jansen', 'jan', '', "O'Neil", 'WhatsApp', 'te:1', 'ag:3', 'co:2', '1'];
  const right = {
    one: pick.of(texts),
    many: [pick.of(texts), pick.of(texts), pick.of(texts)],
    number: pick.upTo(9),
    numbers: [pick.upTo(9), pick.upTo(9), pick.upTo(9)],
    flag: pick.chance(0.5),
    day: `2026-0${pick.upTo(2) + 1}-0${pick.upTo(8) + 1}`,
  };
  const wrong = [null, [], {}, true, 7.5, 'x', ['a', 1], [null], 1e21];
  return Object.fromEntries(
    names.flatMap((name) => {
      const kind = pick.upTo(5);
      return kind === 0 ? [] : [[name, kind === 1 ? pick.of(wrong) : right[name]]];
    }),
  );
}

type Kind = 'text' | 'number' | 'flag' | 'day';

const kindOf = ({ type }: Property): Kind | null => {
  if (type === 'Edm.String') {
    return 'text';
  }
  if (numeric.test(type)) {
    return 'number';
  }
  return type === 'Edm.Boolean' ? 'flag' : type === 'Edm.Date' ? 'day' : null;
};

const single: Readonly<Record<Kind, string>> = { text: 'one', number: 'number', flag: 'flag', day: 'day' };
const listed: Readonly<Partial<Record<Kind, string>>> = { text: 'many', number: 'numbers' };

const fits: Readonly<Record<Kind, (value: unknown) => value is Value>> = {
  text: (value): value is Value => typeof value === 'string',
  number: (value): value is Value => typeof value === 'number' && value < 1e15,
  flag: (value): value is Value => typeof value === 'boolean',
  day: (value): value is Value => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value),
};

/** A condition of a rule about rows of the set, with claims or without. */
export function conditionOf(set: EntitySet, pick: Picker): Template {
  const places = [
    ...[...set.entityType.properties.values()].map((property) => ({ path: property.name, property })),
    ...navigationsOf(set)
      .filter(({ collection }) => !collection)
      .flatMap(({ name, to }) =>
        [...to.entityType.properties.values()].map((property) => ({ path: `${name}/${property.name}`, property })),
      ),
  ].filter(({ property }) => kindOf(property) !== null);
  if (places.length === 0 || pick.chance(0.4)) {
    const text = pick.chance(0.1) ? 'false' : condition(set, pick);
    return { text, resolved: () => text };
  }
  const { path, property } = pick.of(places);
  const kind = kindOf(property) ?? 'text';
  const list = listed[kind];
  const [first = ''] = set.entityType.key;
  const form = pick.of([
    ...['P eq C', 'P ne C', 'not (P eq C)', `P eq C or ${first} ne null`, `P ne C and ${first} ne null`],
    ...(kind === 'flag' ? [] : ['P le C', 'not (P gt C)']),
    ...(list === undefined ? [] : ['P in L', 'not (P in L)', `P in L or ${first} eq null`, 'P in L', 'P in L']),
  ]);
  // Not the first letter of a key.
  const isListed = /\bL\b/.test(form);
  const name = isListed && list !== undefined ? list : single[kind];
  const filled = (value: string): string => form.replace('P', () => path).replace(/\b[CL]\b/, () => value);
  return {
    text: filled(`$user/${name}`),
    resolved: (claims) => {
      const value = claims[name];
      if (!isListed) {
        return fits[kind](value) ? filled(literal(value, property)) : null;
      }
      if (!Array.isArray(value) || value.length === 0 || !value.every(fits[kind])) {
        return null;
      }
      return filled(`(${value.map((one: Value) => literal(one, property)).join(',')})`);
    },
  };
}
