import type { Property } from '../../edm/model.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';

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

const ended = (property: Property, ending: string): string => `concat(${upstreamPropertyName(property)},'${ending}')`;

/**
 * The transformations that put these endings behind the text of rows, each by itself, and group by what comes of it: as many groups as endings where they are told
 * apart. In the property's own collation, since that is what a database takes for what comes of one.
 */
export const endingsText = (property: Property, name: string, count: string): string =>
  `concat(${endings
    .map((ending) => `compute(${ended(property, ending)} as ${name})`)
    .join(',')})/groupby((${name}),aggregate($count as ${count}))`;

/** What each group of `endingsText` is, for a text that one row has. */
export const endedTexts = (text: string): readonly string[] => endings.map((ending) => text + ending);

/** A condition that no row meets where texts are told apart: with one ending it equals itself with another of the family, the first or the one before. */
export function endingsEqual(property: Property): string {
  const pairs = families.flatMap(([first = '', ...more]) =>
    more.flatMap((ending, at) =>
      [first, ...more.slice(Math.max(0, at - 1), at)].map((other) => [other, ending] as const),
    ),
  );
  return pairs.map(([other, ending]) => `${ended(property, other)} eq ${ended(property, ending)}`).join(' or ');
}
