import { quoted } from '../../plan/model/describe-expression.ts';
import type {
  AggregateItem,
  Expression,
  KeyPredicate,
  MemberSegment,
  ODataUri,
  PathSegment,
  QueryOptions,
  SearchExpression,
  Transformation,
} from '../../uri/syntax.ts';

/** A node with what is inside it, one line each. */
interface Tree {
  readonly text: string;
  readonly inside: readonly Tree[];
}

const tree = (text: string, ...inside: readonly Tree[]): Tree => ({ text, inside });

/** The syntax of a URL as lines, a level of the tree for two blanks; values stand in single quotes. */
export function syntaxLines({ path, options, aliases }: ODataUri): readonly string[] {
  const trees = [
    tree('path', ...path.segments.map(pathSegment)),
    ...optionTrees(options),
    ...[...aliases].map(([name, value]) => tree(`@${name}`, expression(value))),
  ];
  return trees.flatMap((one) => lines(one, ''));
}

const lines = ({ text, inside }: Tree, indent: string): readonly string[] => [
  `${indent}${text}`,
  ...inside.flatMap((one) => lines(one, `${indent}  `)),
];

function pathSegment(segment: PathSegment): Tree {
  switch (segment.kind) {
    case 'Name':
      return tree(segment.name, ...keys(segment.keys));
    case 'System':
      return tree(segment.name);
    case 'FilterSegment':
      return tree('$filter', expression(segment.condition), ...keys(segment.keys ?? null));
    case 'Crossjoin':
      return tree('$crossjoin', ...segment.sets.map((set) => tree(set)));
  }
}

function keys(predicate: KeyPredicate | null): readonly Tree[] {
  if (predicate === null) {
    return [];
  }
  return predicate.kind === 'Positional'
    ? [tree('key', expression(predicate.value))]
    : [tree('key', ...predicate.pairs.map(({ name, value }) => tree(name, expression(value))))];
}

function optionTrees(options: QueryOptions): readonly Tree[] {
  const { filter, orderby, select, expand, compute, search, apply, ...plain } = options;
  return [
    ...(apply === undefined ? [] : [tree('$apply', ...apply.map(transformation))]),
    ...(compute === undefined ? [] : [tree('$compute', ...compute.map(named))]),
    ...(filter === undefined ? [] : [tree('$filter', expression(filter))]),
    ...(search === undefined ? [] : [tree('$search', searched(search))]),
    ...(orderby === undefined ? [] : [tree('$orderby', ...orderby.map(ordered))]),
    ...(select === undefined ? [] : [tree('$select', ...select.map((item) => chosen(item)))]),
    ...(expand === undefined ? [] : [tree('$expand', ...expand.map((item) => chosen(item)))]),
    ...Object.entries(plain).map(([name, value]) => tree(`$${name} ${plainText(name, value)}`)),
  ];
}

/** Tokens and ids are values of a request; numbers of rows and switches are not. */
const plainText = (name: string, value: string | number | boolean): string =>
  typeof value === 'string' && name !== 'format' ? quoted(value) : String(value);

interface ChosenItem {
  readonly path: readonly string[];
  readonly wildcard: boolean;
  readonly suffix?: 'ref' | 'count' | null;
  readonly options: QueryOptions | null;
}

function chosen({ path, wildcard, suffix, options }: ChosenItem): Tree {
  const end = suffix === undefined || suffix === null ? [] : [`$${suffix}`];
  const text = [...path, ...(wildcard ? ['*'] : []), ...end].join('/');
  return tree(text, ...(options === null ? [] : optionTrees(options)));
}

const named = ({ alias, expression: value }: { readonly alias: string; readonly expression: Expression }): Tree =>
  tree(`as ${alias}`, expression(value));

const ordered = (item: { readonly direction: string; readonly expression: Expression }): Tree =>
  tree(item.direction, expression(item.expression));

function expression(node: Expression): Tree {
  switch (node.kind) {
    case 'Literal':
      return tree(node.type === 'null' ? 'null' : `${quoted(node.text)} ${node.typeName ?? node.type}`);
    case 'ParameterAlias':
      return tree(`@${node.name}`);
    case 'MemberPath':
      return member(node.segments);
    case 'Binary':
      return tree(node.operator, expression(node.left), expression(node.right));
    case 'Unary':
      return tree(node.operator === 'neg' ? '-' : 'not', expression(node.operand));
    case 'In':
      return tree('in', expression(node.left), expression(node.right));
    case 'List':
      return tree('list', ...node.items.map(expression));
    case 'Call':
      return tree(`${node.name}()`, ...node.args.map(expression));
    case 'TypeCall':
      return tree(`${node.name}() ${node.typeName}`, ...(node.operand === null ? [] : [expression(node.operand)]));
    case 'Json':
      return tree(`json ${quoted(node.text)}`);
  }
}

/** A plain path is one line; what a segment holds stands below the path so far. */
function member(segments: readonly MemberSegment[]): Tree {
  return tree(segments.map(segmentName).join('/'), ...segments.flatMap(insideSegment));
}

function segmentName(segment: MemberSegment): string {
  switch (segment.kind) {
    case 'Name':
    case 'Variable':
      return segment.name;
    case 'Count':
      return '$count';
    case 'FilterSegment':
      return '$filter';
    case 'Lambda':
      return segment.variable === null ? `${segment.operator}()` : `${segment.operator}(${segment.variable})`;
  }
}

function insideSegment(segment: MemberSegment): readonly Tree[] {
  switch (segment.kind) {
    case 'Name':
      return keys(segment.keys);
    case 'Variable':
      return [];
    case 'Count':
      return [
        ...(segment.filter === null ? [] : [tree('$filter', expression(segment.filter))]),
        ...(segment.search === null ? [] : [tree('$search', searched(segment.search))]),
      ];
    case 'FilterSegment':
      return [expression(segment.condition)];
    case 'Lambda':
      return segment.predicate === null ? [] : [expression(segment.predicate)];
  }
}

function searched(node: SearchExpression): Tree {
  switch (node.kind) {
    case 'Word':
    case 'Phrase':
      return tree(`${quoted(node.text)} ${node.kind.toLowerCase()}`);
    case 'Not':
      return tree('not', searched(node.operand));
    case 'And':
    case 'Or':
      return tree(node.kind.toLowerCase(), searched(node.left), searched(node.right));
  }
}

function transformation(node: Transformation): Tree {
  switch (node.kind) {
    case 'identity':
      return tree('identity');
    case 'filter':
      return tree('filter', expression(node.condition));
    case 'search':
      return tree('search', searched(node.expression));
    case 'compute':
      return tree('compute', ...node.items.map(named));
    case 'orderby':
      return tree('orderby', ...node.items.map(ordered));
    case 'top':
    case 'skip':
      return tree(`${node.kind} ${node.count}`);
    case 'aggregate':
      return tree('aggregate', ...node.items.map(aggregated));
    case 'groupby':
      return tree(
        'groupby',
        ...node.properties.map((item) =>
          item.kind === 'path'
            ? tree(item.path.join('/'))
            : tree(`rollup${item.all ? ' $all' : ''}`, ...item.paths.map((path) => tree(path.join('/')))),
        ),
        ...node.transformations.map(transformation),
      );
    case 'ranked':
      return tree(node.name, expression(node.amount), expression(node.by));
    case 'concat':
      return tree('concat', ...node.branches.map((branch) => tree('branch', ...branch.map(transformation))));
    case 'join':
      return tree(
        `${node.outer ? 'outerjoin' : 'join'} ${node.path.join('/')} as ${node.alias}`,
        ...node.transformations.map(transformation),
      );
    case 'expand':
      return tree(`expand ${node.path.join('/')}`, ...node.transformations.map(transformation));
    case 'other':
      return tree(node.name);
  }
}

function aggregated({ expression: value, countPath, method, from, alias }: AggregateItem): Tree {
  const count = value === null ? [...countPath, '$count'].join('/') : null;
  const words = [
    ...(count === null ? [] : [count]),
    ...(method === null ? [] : [`with ${method}`]),
    ...from.map((step) => `from ${step.path.join('/')}${step.method === null ? '' : ` with ${step.method}`}`),
    ...(alias === null ? [] : [`as ${alias}`]),
  ];
  return tree(words.join(' '), ...(value === null ? [] : [expression(value)]));
}
