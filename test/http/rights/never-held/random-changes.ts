import { type Picker, picked } from './picker.ts';

export type SetName = 'Cases' | 'Agents' | 'Messages';
export type Key = readonly number[];
export interface Claims {
  readonly ids?: unknown;
  readonly most?: unknown;
}
/** Whether a row of this key is seen; null: a claim has no place. */
type Holds = (key: Key, claims: Claims) => boolean | null;

export const keys: Readonly<Record<SetName, readonly string[]>> = {
  Cases: ['Id'],
  Agents: ['Id'],
  Messages: ['CaseId', 'Number'],
};
export const sets: readonly SetName[] = ['Cases', 'Agents', 'Messages'];

const listed = ({ ids }: Claims): readonly number[] | null =>
  Array.isArray(ids) && ids.length > 0 && ids.every((one) => typeof one === 'number') ? ids : null;
const most = ({ most }: Claims): number | null => (typeof most === 'number' ? most : null);
const first = ([key = 0]: Key): number => key;

const inIds: Holds = (key, claims) => listed(claims)?.includes(first(key)) ?? null;
const upTo: Holds = (key, claims) => (most(claims) === null ? null : first(key) <= (most(claims) ?? 0));

const own = (name: string): readonly (readonly [string, Holds])[] => [
  [`${name} in $user/ids`, inIds],
  [`not (${name} in $user/ids)`, (key, claims) => (listed(claims) === null ? null : inIds(key, claims) === false)],
  [`${name} le $user/most`, upTo],
  [
    `${name} ne $user/most or ${name} lt 0`,
    (key, claims) => (most(claims) === null ? null : first(key) !== most(claims)),
  ],
  [`${name} mod 2 eq 0`, (key) => first(key) % 2 === 0],
];
const conditions: Readonly<Record<SetName, readonly (readonly [string, Holds])[]>> = {
  Cases: own('Id'),
  Agents: own('Id'),
  Messages: [
    ...own('CaseId'),
    ['CaseId add Number lt 9', ([id = 0, number = 0]) => id + number < 9],
    [
      'Number le $user/most',
      ([, number = 0], claims) => (most(claims) === null ? null : number <= (most(claims) ?? 0)),
    ],
  ],
};

const urls: readonly string[] = [
  ...['Cases', 'Cases?$select=Title', 'Cases?$filter=Priority gt 1&$count=true', 'Cases?$orderby=Id desc'],
  ...['Cases?$filter=Agent ne null', "Cases?$filter=Agent/City eq 'Bonn'&$select=Id", 'Cases?$filter=Messages/any()'],
  ...['Agents', 'Agents?$filter=Leader ne null&$count=true', 'Messages', 'Messages?$filter=Case/Priority gt 1'],
  ...['Messages?$select=Body&$orderby=Number desc', 'Cases?$search=title'],
];

export interface Change {
  readonly set: SetName;
  readonly kind: 'put' | 'delete' | 'hide';
  readonly key: Key;
  readonly value: number;
}

const keyOf = (set: SetName, pick: Picker): Key =>
  set === 'Messages' ? [pick.upTo(7) + 1, pick.upTo(2) + 1] : [pick.upTo(9) + 1];

const changesOf = (pick: Picker): readonly Change[] => {
  const found = Array.from({ length: pick.upTo(8) + 2 }, (): Change => {
    const set = pick.of(sets);
    const kind = pick.of(['put', 'delete', ...(set === 'Agents' ? (['hide'] as const) : [])] as const);
    return { set, kind, key: keyOf(set, pick), value: pick.upTo(4) };
  });
  return [...new Map(found.map((one) => [`${one.set} ${one.key.join()}`, one])).values()];
};

/** Rights by keys, what is asked, and what happens to the rows. */
export const scene = picked((pick) => {
  const claims: Claims = {
    ...(pick.chance(0.85)
      ? { ids: pick.chance(0.9) ? [...new Set([1, 2, 3].map(() => pick.upTo(9) + 1))] : ['x'] }
      : {}),
    ...(pick.chance(0.85) ? { most: pick.chance(0.9) ? pick.upTo(9) : '4' } : {}),
  };
  const rules = sets.flatMap((set) =>
    pick.chance(0.1)
      ? []
      : [{ set, condition: pick.chance(0.8) ? pick.of(conditions[set]) : null, hides: pick.chance(0.1) }],
  );
  const steps = Array.from({ length: pick.upTo(2) + 2 }, () => changesOf(pick));
  return { claims, rules, url: pick.of(urls), steps, before: changesOf(pick), between: pick.chance(0.3) };
});
