import type { Expression, KeyPredicate, Literal, MemberSegment, SearchExpression } from '../../src/uri/syntax.ts';

/** Binding strength; the printer writes parentheses only where the grammar needs them. */
const strength: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  eq: 3,
  ne: 3,
  gt: 4,
  ge: 4,
  lt: 4,
  le: 4,
  add: 5,
  sub: 5,
  mul: 6,
  div: 6,
  divby: 6,
  mod: 6,
  has: 8,
};
const unaryStrength = 7;
const membership = 8;

/** An expression as OData text, by other means than the parser: the oracle of the round trip. */
export function print(node: Expression, weakest = 0): string {
  const [text, own] = printed(node);
  return own < weakest ? `(${text})` : text;
}

function printed(node: Expression): [string, number] {
  switch (node.kind) {
    case 'Binary': {
      const own = strength[node.operator] ?? 0;
      return [`${print(node.left, own)} ${node.operator} ${print(node.right, own + 1)}`, own];
    }
    case 'Unary':
      return [`${node.operator === 'not' ? 'not ' : '- '}${print(node.operand, unaryStrength)}`, unaryStrength];
    case 'In':
      return [`${print(node.left, membership)} in ${print(node.right, membership + 1)}`, membership];
    default:
      return [printAtom(node), 9];
  }
}

function printAtom(node: Exclude<Expression, { kind: 'Binary' | 'Unary' | 'In' }>): string {
  switch (node.kind) {
    case 'Literal':
      return printLiteral(node);
    case 'ParameterAlias':
      return `@${node.name}`;
    case 'List':
      return `(${node.items.map((item) => print(item)).join(',')})`;
    case 'Json':
      return node.text;
    case 'TypeCall':
      return `${node.name}(${node.operand === null ? '' : `${print(node.operand)},`}${node.typeName})`;
    case 'Call':
      return `${node.name}(${node.name === 'case' ? printCase(node.args) : node.args.map((arg) => print(arg)).join(', ')})`;
    case 'MemberPath':
      return node.segments.map(printSegment).join('/');
  }
}

/** With blanks around the colon: `case(10:20)` alone would be the time of day 10:20. */
function printCase(args: readonly Expression[]): string {
  return args.map((arg, index) => `${index === 0 ? '' : index % 2 === 1 ? ' : ' : ','}${print(arg)}`).join('');
}

export function printLiteral(node: Literal): string {
  const quoted = `'${node.text.replaceAll("'", "''")}'`;
  switch (node.type) {
    case 'string':
      return quoted;
    case 'duration':
    case 'binary':
      return `${node.type}${quoted}`;
    case 'enum':
      return `${node.typeName}${quoted}`;
    default:
      return node.text;
  }
}

function printKeys(keys: KeyPredicate | null): string {
  if (keys === null) {
    return '';
  }
  return keys.kind === 'Positional'
    ? `(${print(keys.value)})`
    : `(${keys.pairs.map((pair) => `${pair.name}=${print(pair.value)}`).join(',')})`;
}

function printSegment(node: MemberSegment): string {
  switch (node.kind) {
    case 'Name':
      return `${node.name}${printKeys(node.keys)}`;
    case 'Variable':
      return node.name;
    case 'FilterSegment':
      return `$filter(${print(node.condition)})`;
    case 'Lambda':
      return `${node.operator}(${node.predicate === null ? '' : `${node.variable}:${print(node.predicate)}`})`;
    case 'Count': {
      const options = [
        ...(node.filter === null ? [] : [`$filter=${print(node.filter)}`]),
        ...(node.search === null ? [] : [`$search=${printSearch(node.search)}`]),
      ];
      return `$count${options.length === 0 ? '' : `(${options.join(';')})`}`;
    }
  }
}

const searchStrength = { Or: 1, And: 2, Not: 3, Word: 4, Phrase: 4 } as const;

export function printSearch(node: SearchExpression, weakest = 0): string {
  const own = searchStrength[node.kind];
  const text = searchText(node);
  return own < weakest ? `(${text})` : text;
}

function searchText(node: SearchExpression): string {
  switch (node.kind) {
    case 'Word':
      return node.text;
    case 'Phrase':
      return `"${node.text.replace(/["\\]/g, '\\$&')}"`;
    case 'Not':
      return `NOT ${printSearch(node.operand, 3)}`;
    default: {
      const own = searchStrength[node.kind];
      return `${printSearch(node.left, own)} ${node.kind.toUpperCase()} ${printSearch(node.right, own + 1)}`;
    }
  }
}

/** The tree without its offsets, for comparing trees that came from different texts. */
export function withoutOffsets(tree: unknown): unknown {
  return JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'at' ? undefined : value)));
}
