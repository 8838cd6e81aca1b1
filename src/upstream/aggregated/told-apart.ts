import type { Property } from '../../edm/model.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';

/** Values that a feed may take for one: what it can compute of a property for each, and what comes of it for a row. */
export interface Variants {
  readonly expressions: readonly string[];
  /** Canonical texts, in the same order; null: this row is not fit for it. */
  readonly valuesOf: (text: string) => readonly string[] | null;
  /** Places of those that are likely taken for each other. */
  readonly alike: readonly (readonly [number, number])[];
}

/**
 * Texts that collations are known to take for one, family by family: capitals, accents, letters composed or not, blanks and signs that are not seen, ligatures,
 * other widths and syllabaries, and letters of one alphabet alone.
 */
const families: readonly (readonly string[])[] = [
  ['e', 'E', '\u00e9', 'e\u0301', '\u00ea', 'e ', 'e\u00a0', 'e\u00ad', 'e\u200b', 'e\u200d', 'e-'],
  ['ss', '\u00df'],
  ['ae', '\u00e6'],
  ['a', '\uff41'],
  ['\u3042', '\u30a2'],
  ['1', '\u2460'],
  ['i', 'I', '\u0131', '\u0130'],
];

const endings = families.flat();

/** Each with the first of its family, and with the one before. */
const alikeEndings = families.flatMap((family) => {
  const from = endings.indexOf(family[0] ?? '');
  return family.flatMap((_, at) =>
    [...new Set(at === 0 ? [] : [0, at - 1])].map((other) => [from + other, from + at] as const),
  );
});

/** Numbers that are one where they are kept with a floating point. */
const near = {
  'Edm.Int64': ['9007199254740992', '9007199254740993'],
  'Edm.Decimal': ['12345678901234567.88', '12345678901234567.89'],
};

/** What a feed has to tell apart of the values of a property, before it groups by them; null: services do not differ in it. */
export function variantsOf(property: Property): Variants | null {
  const name = upstreamPropertyName(property);
  switch (property.type) {
    case 'Edm.String':
      // In the property's own collation, since that is what a database takes for what comes of one.
      return property.enumeration === undefined
        ? {
            expressions: endings.map((ending) => `concat(${name},'${ending}')`),
            valuesOf: (text) => endings.map((ending) => text + ending),
            alike: alikeEndings,
          }
        : null;
    case 'Edm.Int64':
    case 'Edm.Decimal': {
      const numbers = near[property.type];
      return {
        expressions: numbers.map((number) => `${name} mul 0 add ${number}`),
        valuesOf: () => numbers,
        alike: [[0, 1]],
      };
    }
    case 'Edm.DateTimeOffset':
      return {
        expressions: [0, 1].map((digit) => `${name} add duration'PT0.00000${digit}S'`),
        valuesOf: (text) => {
          const later = microsecondLater(text);
          return later === null ? null : [text, later];
        },
        alike: [[0, 1]],
      };
    default:
      return null;
  }
}

/** null: the second ends with it. */
function microsecondLater(text: string): string | null {
  const [, seconds = '', fraction = ''] = /^([^.Z]*)(?:\.(\d{1,6}))?Z$/.exec(text) ?? [];
  const digits = String(Number(fraction.padEnd(6, '0')) + 1).padStart(6, '0');
  return digits.length > 6 ? null : `${seconds}.${digits.replace(/0+$/, '')}Z`;
}

/**
 * The transformations that compute each of the variants of a property for rows, each by itself, and group by what comes of it: as many groups as variants where they
 * are told apart.
 */
export const variantsText = ({ expressions }: Variants, name: string, count: string): string =>
  `concat(${expressions.map((one) => `compute(${one} as ${name})`).join(',')})/groupby((${name}),aggregate($count as ${count}))`;

/** A condition that no row meets where variants are told apart. */
export const alikeText = ({ expressions, alike }: Variants): string =>
  alike.map(([one, other]) => `${expressions[one]} eq ${expressions[other]}`).join(' or ');
