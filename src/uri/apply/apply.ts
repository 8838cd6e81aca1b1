import { type Cursor, commaList, parenthesised, takeComma } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import { parseAsAlias, parseCompute, parseOrderBy, parseWholeNumber } from '../options/option-values.ts';
import { parseSearchExpression } from '../options/search.ts';
import type { Transformation } from '../syntax.ts';
import { parseAggregate, parseNamePath } from './aggregate.ts';
import { parseGroupBy } from './groupby.ts';
import { otherTransformations, skipCustomTransformation } from './hierarchy.ts';

type RankedName = Extract<Transformation, { kind: 'ranked' }>['name'];
const rankedNames: readonly RankedName[] = [
  'topcount',
  'toppercent',
  'topsum',
  'bottomcount',
  'bottompercent',
  'bottomsum',
];

/** The value of `$apply`: transformations separated by `/` (OData Data Aggregation 4.0, 3; names in lower case). */
export function parseApplyExpression(cursor: Cursor): Transformation[] {
  const transformations = [parseTransformation(cursor)];
  while (cursor.take('/')) {
    transformations.push(parseTransformation(cursor));
    cursor.checkLength(transformations.length);
  }
  return transformations;
}

function parseTransformation(cursor: Cursor): Transformation {
  const at = cursor.position;
  const name = cursor.qualifiedName('a transformation such as aggregate or groupby');
  cursor.countNode();
  if (name === 'identity') {
    return { kind: 'identity', at };
  }
  const ranked = rankedNames.find((known) => known === name);
  if (ranked !== undefined) {
    return parseRanked(cursor, ranked, at);
  }
  const read = ownEntry(transformations, name);
  if (read !== undefined) {
    return read(cursor, at);
  }
  const skipOther = name.includes('.') ? skipCustomTransformation : ownEntry(otherTransformations, name);
  if (skipOther === undefined) {
    return cursor.fail('a transformation such as aggregate or groupby', at);
  }
  skipOther(cursor);
  return { kind: 'other', at, name };
}

function ownEntry<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const transformations: Readonly<Record<string, (cursor: Cursor, at: number) => Transformation>> = {
  aggregate: (cursor, at) => ({ kind: 'aggregate', at, items: parseAggregate(cursor) }),
  groupby: (cursor, at) => parseGroupBy(cursor, at),
  filter: (cursor, at) => ({ kind: 'filter', at, condition: parenthesised(cursor, () => parseExpression(cursor)) }),
  search: (cursor, at) => ({
    kind: 'search',
    at,
    expression: parenthesised(cursor, () => parseSearchExpression(cursor, 'nested')),
  }),
  compute: (cursor, at) => ({ kind: 'compute', at, items: parenthesised(cursor, () => parseCompute(cursor)) }),
  orderby: (cursor, at) => ({ kind: 'orderby', at, items: parenthesised(cursor, () => parseOrderBy(cursor)) }),
  top: (cursor, at) => ({ kind: 'top', at, count: parenthesised(cursor, () => parseWholeNumber(cursor)) }),
  skip: (cursor, at) => ({ kind: 'skip', at, count: parenthesised(cursor, () => parseWholeNumber(cursor)) }),
  concat: (cursor, at) => parseConcat(cursor, at),
  join: (cursor, at) => parseJoin(cursor, at, false),
  outerjoin: (cursor, at) => parseJoin(cursor, at, true),
  expand: (cursor, at) => parseExpandTransformation(cursor, at),
};

/** `join(Path as Alias[,sequence])` and `outerjoin` (3.5.1). The path may be an annotation, which no model here has. */
function parseJoin(cursor: Cursor, at: number, outer: boolean): Transformation {
  return parenthesised(cursor, () => {
    const term = cursor.take('@') ? cursor.qualifiedName('the name of a term') : null;
    const path = term === null ? parseNamePath(cursor) : [`@${term}`];
    const alias = parseAsAlias(cursor);
    const transformations = takeComma(cursor) ? parseApplyExpression(cursor) : [];
    return { kind: 'join', at, outer, path, alias, transformations };
  });
}

function parseRanked(cursor: Cursor, name: RankedName, at: number): Transformation {
  return parenthesised(cursor, () => {
    const amount = parseExpression(cursor);
    cursor.skipBlanks();
    cursor.expect(',');
    cursor.skipBlanks();
    return { kind: 'ranked', at, name, amount, by: parseExpression(cursor) };
  });
}

function parseConcat(cursor: Cursor, at: number): Transformation {
  const branches = parenthesised(cursor, () => commaList(cursor, () => parseApplyExpression(cursor)));
  if (branches.length < 2) {
    cursor.fail('at least two sequences in concat', at);
  }
  return { kind: 'concat', at, branches };
}

/** `expand(Path[,transformation]...)` of the committee drafts; the standard replaced it by addnested. */
function parseExpandTransformation(cursor: Cursor, at: number): Transformation {
  return parenthesised(cursor, () => {
    const path = parseNamePath(cursor);
    cursor.skipBlanks();
    if (!cursor.take(',')) {
      return { kind: 'expand', at, path, transformations: [] };
    }
    cursor.skipBlanks();
    return { kind: 'expand', at, path, transformations: commaList(cursor, () => parseTransformation(cursor)) };
  });
}
