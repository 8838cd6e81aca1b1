import type { Model } from '../../edm/model.ts';
import { optionName } from '../paging/next-link.ts';
import { namesOf } from '../request/model-names.ts';

/** Options whose values hold names and literals; of all others only the name is kept, or a number. */
const shown: ReadonlySet<string> = new Set([
  ...['filter', 'select', 'expand', 'orderby', 'compute', 'apply'],
  ...['search', 'top', 'skip', 'count', 'format', 'schemaversion'],
]);
/** Characters of a query that are kept. */
const longest = 4000;

/**
 * A query for the audit, decoded. Where it names a property of personal data, of whatever set, or searches, every literal in it is a mark, and so is what cannot be
 * told apart from one: rather too many than one. Tokens of pages and unknown options are marks always. Never throws, whatever `query` is.
 */
export function auditedQuery(query: string, model: Model): string {
  const pairs =
    query === '' ? [] : query.split('&').map((pair) => ({ name: optionName(pair), value: decodedValue(pair) }));
  const [personal, names] = [personalNames(model), namesOf(model)];
  const isPersonal = pairs.some(
    ({ name, value }) =>
      /^\$?search$/i.test(name) ||
      value === null ||
      /\$(?:search|it|root)\b|\bsearch\(/i.test(value) ||
      // A name that is none may be a mistaken one of a person's property.
      wordsOf(value).some((word) => personal.has(word) || !(names.has(word) || words.has(word.toLowerCase()))),
  );
  const texts = pairs.map(({ name, value }) => {
    const known = shown.has(name.replace(/^\$/, '').toLowerCase()) || /^@[A-Za-z_]\w*$/.test(name);
    if (!known || value === null) {
      return /^[$@]?[A-Za-z_][\w.-]*$/.test(name) ? `${name}=?` : '?';
    }
    return `${name}=${isPersonal ? withoutLiterals(value, names) : value}`;
  });
  return texts
    .join('&')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, longest);
}

/** What is outside of quotes, and begins as a name does. */
function wordsOf(text: string): readonly string[] {
  const bare = text.replace(/'(?:[^']|'')*'?|"(?:[^"\\]|\\.)*"?/g, ' ');
  const found = bare.match(/[\p{L}\p{N}_.:@$-]+/gu) ?? [];
  return found.filter((word) => /^[\p{L}_]/u.test(word) && !word.startsWith('Edm.'));
}

/** null: it cannot be decoded. */
function decodedValue(pair: string): string | null {
  const at = pair.indexOf('=');
  try {
    return at < 0 ? '' : decodeURIComponent(pair.slice(at + 1).replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** Quoted texts, and words that are no name of the model, no operator or function and no word of the grammar. */
function withoutLiterals(text: string, names: ReadonlySet<string>): string {
  return text
    .replace(/'(?:[^']|'')*'?|"(?:[^"\\]|\\.)*"?/g, '?')
    .replace(/[\p{L}\p{N}_@$][\p{L}\p{N}_.:@$-]*/gu, (word) => {
      const isName = names.has(word) || words.has(word.toLowerCase()) || /^[$@][A-Za-z]\w*$/.test(word);
      return isName ? word : '?';
    });
}

/** Of OData URL Conventions: what is no value, and no name of a model. */
const words: ReadonlySet<string> = new Set([
  ...['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'and', 'or', 'not', 'in', 'has', 'add', 'sub', 'mul', 'div', 'divby', 'mod'],
  ...['asc', 'desc', 'true', 'false', 'null', 'any', 'all', 'as', 'with', 'from', 'contains', 'startswith', 'endswith'],
  ...[
    'length',
    'indexof',
    'substring',
    'tolower',
    'toupper',
    'trim',
    'concat',
    'matchespattern',
    'year',
    'month',
    'day',
  ],
  ...['hour', 'minute', 'second', 'date', 'time', 'now', 'round', 'floor', 'ceiling', 'cast', 'isof', 'case'],
  ...[
    'filter',
    'aggregate',
    'groupby',
    'rollup',
    'compute',
    'sum',
    'min',
    'max',
    'average',
    'countdistinct',
    'identity',
  ],
  ...['topcount', 'bottomcount', 'top', 'skip', 'orderby', 'expand', 'join', 'outerjoin', 'search', 'json', 'csv'],
]);

const personalOf = new WeakMap<Model, ReadonlySet<string>>();

function personalNames(model: Model): ReadonlySet<string> {
  const found = personalOf.get(model);
  if (found !== undefined) {
    return found;
  }
  const names = new Set(
    [...model.entityTypes.values()].flatMap(({ properties }) =>
      [...properties.values()].filter(({ personalData = 'none' }) => personalData !== 'none').map(({ name }) => name),
    ),
  );
  personalOf.set(model, names);
  return names;
}
