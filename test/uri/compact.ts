import type { Expression, MemberSegment } from '../../src/uri/syntax.ts';

/** A tree in one line, every operation in brackets: what is grouped with what can be read at a glance. */
export function compact(node: Expression): string {
  switch (node.kind) {
    case 'Literal':
      return node.type === 'string'
        ? `'${node.text}'`
        : node.type === 'integer'
          ? node.text
          : `${node.type}:${node.text}`;
    case 'ParameterAlias':
      return `@${node.name}`;
    case 'MemberPath':
      return node.segments.map(segment).join('/');
    case 'Binary':
      return `[${compact(node.left)} ${node.operator} ${compact(node.right)}]`;
    case 'Unary':
      return `[${node.operator} ${compact(node.operand)}]`;
    case 'In':
      return `[${compact(node.left)} in ${compact(node.right)}]`;
    case 'List':
      return `(${node.items.map(compact).join(',')})`;
    case 'Call':
      return `${node.name}(${node.args.map(compact).join(',')})`;
    case 'TypeCall':
      return `${node.name}(${node.operand === null ? '' : `${compact(node.operand)},`}<${node.typeName}>)`;
    case 'Json':
      return `json:${node.text}`;
  }
}

function segment(node: MemberSegment): string {
  switch (node.kind) {
    case 'Name': {
      const keys = node.keys;
      if (keys === null) {
        return node.name;
      }
      return keys.kind === 'Positional'
        ? `${node.name}(${compact(keys.value)})`
        : `${node.name}(${keys.pairs.map((pair) => `${pair.name}=${compact(pair.value)}`).join(',')})`;
    }
    case 'Variable':
      return node.name;
    case 'Count':
      return `$count${node.filter === null ? '' : `(filter ${compact(node.filter)})`}${node.search === null ? '' : '(search)'}`;
    case 'FilterSegment':
      return `$filter(${compact(node.condition)})`;
    case 'Lambda':
      return node.predicate === null ? 'any()' : `${node.operator}(${node.variable}:${compact(node.predicate)})`;
  }
}
