import type { ClaimForm, ClaimValue } from '../plan/model/row-rule.ts';
import { escapeText } from './literal.ts';

// A condition is compiled for people who are nobody; where their claims stand in its SQL, the claims of whoever asks are put. The SQL of
// two of them has to be the same but for that: then it is that of everybody.

type Claims = ReadonlyMap<string, ClaimValue>;

/** Values that occur in no rule, of different lengths and sizes. */
const samples: Readonly<Record<ClaimForm, readonly (readonly string[])[]>> = {
  string: [['qz7claimone'], ["qz7 Clàim's two", 'qz7claim_three%']],
  number: [['918273'], ['3918273645']],
  guid: [
    ['0b9f1c52-7d3e-4f6a-8b8c-91e2d3c4b5a6'],
    ['1b9f1c52-7d3e-4f6a-8b8c-91e2d3c4b5a6', '2b9f1c52-7d3e-4f6a-8b8c-91e2d3c4b5a6'],
  ],
  date: [['2091-05-17'], ['1917-11-03', '2093-02-28']],
  dateTimeOffset: [['2091-05-17T08:09:10Z'], ['1917-11-03T21:22:23.456Z', '2093-02-28T03:04:05.123456Z']],
};

/** Numbers of a list are only compared, which is the same for those of all sizes. Elsewhere a large one might be computed with otherwise. */
const numbers = [['918273'], ['918274', '918275']];

const types: Readonly<Record<ClaimForm, string>> = {
  string: 'text',
  number: 'numeric',
  guid: 'uuid',
  date: 'date',
  dateTimeOffset: 'timestamptz',
};

/** Types of literals beside which `numeric` is another number: a tenth that is `real` is none that is `numeric`. */
const floats = /::(double precision|real)\b/;

/** Claims of two who are nobody: with one value in each list, and with two. */
export function sampleClaims(claims: Claims): readonly Claims[] {
  return [0, 1].map(
    (person) =>
      new Map(
        [...claims].map(([name, { form, list }], place) => {
          const [one = [], others = []] = list && form === 'number' ? numbers : samples[form];
          const all = (person === 0 ? one : others).map((value) => distinct(form, value, place));
          return [name, { form, list, values: list ? all : all.slice(0, 1) }] as const;
        }),
      ),
  );
}

/** Two claims of one form are not to be taken for each other. */
function distinct(form: ClaimForm, value: string, place: number): string {
  switch (form) {
    case 'string':
      return `${value}${place}`;
    case 'number':
      return `${place + 1}${value}`;
    case 'guid':
      return value.replace('-7d3e-', `-7d${place}e-`);
    default:
      return value.replace(/^(\d\d)\d/, `$1${place}`);
  }
}

/**
 * SQL of a condition with what `claim` gives in the place of each value of these claims; null: one of them stands in it in another way, as in a pattern. `claim`
 * gets the name, and the type that is wanted, of an array for a list.
 */
export function withClaims(
  sql: string,
  claims: Claims,
  claim: (name: string, type: string, list: boolean) => string,
): string | null {
  let text = sql;
  for (const [name, { form, list, values }] of claims) {
    const one = `(?:${values.map((value) => literalPattern(form, value)).join('|')})`;
    const typeIn = (literals: string): string => floats.exec(literals)?.[1] ?? types[form];
    text = list
      ? text.replace(new RegExp(`\\bIN \\(${one}(?:, ${one}){${values.length - 1}}\\)`, 'g'), (literals) => {
          return `= ANY (${claim(name, typeIn(literals), true)})`;
        })
      : text.replace(new RegExp(one, 'g'), (literal) => claim(name, typeIn(literal), false));
  }
  const left = [...claims.values()].flatMap(({ values }) => values.map((value) => escapeText(value).slice(1, -1)));
  return left.some((value) => text.includes(value)) ? null : text;
}

/** The value as `literal` writes it, with its type and collation or bare. */
function literalPattern(form: ClaimForm, value: string): string {
  const quoted = `(?:\\(${quotedPattern(value)}::text\\) COLLATE "C"|${quotedPattern(value)}(?:::(?:double precision|[a-z]+))?)`;
  return form === 'number' ? `(?:${quoted}|(?<![\\w.'])${escaped(value)}(?![\\w.']))` : quoted;
}

const quotedPattern = (value: string): string => escaped(escapeText(value));

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
