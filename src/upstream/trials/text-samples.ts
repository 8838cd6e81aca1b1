import type { Property } from '../../edm/model.ts';
import { joinedBy } from '../../plan/logic/condition.ts';
import type { BoundExpression, ComparisonOperator } from '../../plan/model/read-plan.ts';
import type { Comparing, TextUse } from '../texts/text-uses.ts';

/** What services and their databases are known to overlook where they compare texts, or to see where there is nothing. */
export const textKinds = [
  'letter case',
  'blanks at the end',
  'accents',
  'widths',
  'signs that are not seen',
  'patterns',
  'an order of its own',
] as const;
export type TextKind = (typeof textKinds)[number];

/** A condition on a row with a known text that does not hold for it, by what a feed has to overlook to keep the row. */
export type Untrue = ReadonlyMap<TextKind, BoundExpression>;

/** What a row with a known text can show of one way of comparing. `own`: holds for it. */
export interface TextSample {
  readonly own: BoundExpression;
  readonly untrue: Untrue;
}

const letters = /[A-Za-z]+/g;
const combiningAcute = '\u0301';
const softHyphen = '\u00ad';
/** From a letter of ASCII to the one of full width. */
const toFullWidth = 0xfee0;
const accented: Readonly<Record<string, string>> = {
  ...{ a: '\u00e1', e: '\u00e9', i: '\u00ed', o: '\u00f3', u: '\u00fa' },
  ...{ A: '\u00c1', E: '\u00c9', I: '\u00cd', O: '\u00d3', U: '\u00da' },
};

/** How much a text can show: letters of ASCII are compared with and without case everywhere, those at its ends by every search. */
export const fitness = (text: string): number =>
  [/[A-Za-z]/, /^[A-Za-z]/, /[A-Za-z]$/, /^[A-Za-z]+$/].filter((pattern) => pattern.test(text)).length;

/** null: the text has no letter where one is needed. */
export function sampleOf(use: Pick<TextUse, 'set' | 'property'>, how: Comparing, text: string): TextSample | null {
  if (how === 'eq' || how === 'gt') {
    const [first] = text;
    const own = compared(use, how === 'eq' ? 'eq' : 'ge', text);
    if (how === 'eq') {
      return fitness(text) === 0 ? null : { own, untrue: each(near(text), (one) => compared(use, 'eq', one)) };
    }
    // Capitals come first, blanks count, whatever a dictionary says.
    const order = first === undefined ? null : ordered(use, first);
    const blank = compared(use, 'ge', `${text} `);
    return order === null
      ? null
      : { own, untrue: new Map([['an order of its own', order] as const, ['blanks at the end', blank] as const]) };
  }
  const runs = text.match(letters) ?? [];
  const part = { contains: runs.toSorted((a, b) => b.length - a.length)[0], ...endsOf(text) }[how];
  if (part === undefined) {
    return null;
  }
  const holds = { contains: 'includes', startswith: 'startsWith', endswith: 'endsWith' } as const;
  const untrue = new Map(
    [...near(part), ['patterns', patterns(part)] as const].flatMap(([kind, some]) => {
      const left = kind === 'blanks at the end' ? [] : some.filter((one) => !text[holds[how]](one));
      return left.length === 0 ? [] : [[kind, left] as const];
    }),
  );
  return { own: searched(use, how, part), untrue: each(untrue, (one) => searched(use, how, one)) };
}

const endsOf = (text: string) => ({ startswith: /^[A-Za-z]+/.exec(text)?.[0], endswith: /[A-Za-z]+$/.exec(text)?.[0] });

/** Texts that are another one, by what has to be overlooked to take them for it. */
function near(text: string): ReadonlyMap<TextKind, readonly string[]> {
  const at = text.search(/[A-Za-z]/);
  const vowel = text.search(/[aeiou]/i);
  const with_ = (place: number, make: (letter: string) => string): string =>
    text.slice(0, place) + make(text[place] ?? '') + text.slice(place + 1);
  const swapped = text.replaceAll(letters, (run) =>
    [...run].map((one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase())).join(''),
  );
  return new Map<TextKind, readonly string[]>([
    ['letter case', [swapped]],
    ['blanks at the end', [`${text} `]],
    ['accents', [with_(Math.max(vowel, at), (one) => accented[one] ?? `${one}${combiningAcute}`)]],
    ['widths', [with_(at, (one) => String.fromCharCode((one.codePointAt(0) ?? 0) + toFullWidth))]],
    ['signs that are not seen', [with_(at, (one) => `${one}${softHyphen}`)]],
  ]);
}

/** The first letter as some write any sign. */
const patterns = (part: string): readonly string[] => ['_', '.', '%'].map((any) => any + part.slice(1));

const each = (texts: ReadonlyMap<TextKind, readonly string[]>, condition: (text: string) => BoundExpression): Untrue =>
  new Map([...texts].map(([kind, some]) => [kind, joinedBy('or', some.map(condition))]));

/** What holds for no text that begins so, by code point. */
function ordered(use: Pick<TextUse, 'set' | 'property'>, first: string): BoundExpression | null {
  return /[A-Z]/.test(first) ? compared(use, 'gt', 'a') : /[a-z]/.test(first) ? compared(use, 'lt', 'Z') : null;
}

const constant = (value: string): BoundExpression => ({ kind: 'Constant', type: 'Edm.String', value });

function valueAt(set: TextUse['set'], property: Property): BoundExpression {
  const { type, nullable } = property;
  return { kind: 'PropertyValue', type, nullable, row: { variable: { name: '$it', set }, steps: [] }, property };
}

function compared(
  { set, property }: Pick<TextUse, 'set' | 'property'>,
  operator: ComparisonOperator,
  text: string,
): BoundExpression {
  const [left, right] = [valueAt(set, property), constant(text)];
  return { kind: 'Comparison', type: 'Edm.Boolean', nullable: false, operator, left, right };
}

function searched(
  { set, property }: Pick<TextUse, 'set' | 'property'>,
  name: 'contains' | 'startswith' | 'endswith',
  text: string,
): BoundExpression {
  const { nullable } = property;
  return { kind: 'Function', type: 'Edm.Boolean', nullable, name, args: [valueAt(set, property), constant(text)] };
}
