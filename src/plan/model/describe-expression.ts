import type { BoundExpression, CollectionPath, KeyValue, RowPath } from './expression.ts';
import type { OrderKey } from './rows.ts';
import type { BoundSearch, SearchNode } from './search.ts';

/** A value. Every one of a plan is written by this, so that `withoutValues` finds it. */
export const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** The same text with a mark in place of each value. */
export const withoutValues = (text: string): string => text.replace(/'(?:[^']|'')*'/g, "'?'");

export const keysText = (keys: readonly OrderKey[]): string =>
  keys.map((key) => `${expressionText(key.expression)} ${key.direction}`).join(', ');

export const searchText = (search: BoundSearch): string =>
  `${search.properties.map((property) => property.name).join(',')} ${searchNodeText(search.expression)}`;

function searchNodeText(node: SearchNode): string {
  switch (node.kind) {
    case 'Word':
      return quoted(node.text);
    case 'Phrase':
      return `phrase ${quoted(node.text)}`;
    case 'Not':
      return `(not ${searchNodeText(node.operand)})`;
    default:
      return `(${node.kind.toLowerCase()} ${searchNodeText(node.left)} ${searchNodeText(node.right)})`;
  }
}

export const keyValuesText = (key: readonly KeyValue[]): string =>
  `(${key.map(({ property, value }) => `${property.name}=${expressionText(value)}`).join(',')})`;

function rowText({ variable, steps }: RowPath): string {
  const start = variable.key === undefined ? variable.name : `${variable.name}${keyValuesText(variable.key)}`;
  const names = steps.map(({ navigation, key }) => `${navigation.name}${key === undefined ? '' : keyValuesText(key)}`);
  return [...(start === '$it' ? [] : [start]), ...names].join('/');
}

const typeText = (type: string): string => type.replace('Edm.', '');

export const tagged = (text: string, type: string, nullable: boolean): string =>
  `${text}:${typeText(type)}${nullable ? '?' : ''}`;

const overText = (over: CollectionPath): string =>
  `${[rowText(over.from), over.navigation.name].filter((part) => part !== '').join('/')} as ${over.variable.name}`;

export function expressionText(node: BoundExpression): string {
  switch (node.kind) {
    case 'Constant':
      return node.value === null ? `null:${typeText(node.type)}` : `${quoted(node.value)}:${typeText(node.type)}`;
    case 'PropertyValue': {
      const path = [rowText(node.row), node.property.name].filter((part) => part !== '').join('/');
      return `${path}${node.nullable ? '?' : ''}`;
    }
    case 'ComputedValue':
      return tagged(`#${node.name}`, node.type, node.nullable);
    case 'Convert':
      return tagged(`(convert ${expressionText(node.operand)})`, node.type, node.nullable);
    case 'Negate':
      return tagged(`(- ${expressionText(node.operand)})`, node.type, node.nullable);
    case 'Not':
      return `(not${node.nullable ? '?' : ''} ${expressionText(node.operand)})`;
    case 'Comparison':
      return `(${node.operator} ${expressionText(node.left)} ${expressionText(node.right)})`;
    case 'Logical':
      return `(${node.operator}${node.nullable ? '?' : ''} ${expressionText(node.left)} ${expressionText(node.right)})`;
    case 'Arithmetic': {
      const text = `(${node.operator} ${expressionText(node.left)} ${expressionText(node.right)})`;
      return tagged(text, node.type, node.nullable);
    }
    case 'In':
      return `(in ${expressionText(node.operand)} [${node.items.map(expressionText).join(' ')}])`;
    case 'Function':
      return tagged(`${node.name}(${node.args.map(expressionText).join(', ')})`, node.type, node.nullable);
    case 'Case': {
      const branches = node.branches.map((one) => `${expressionText(one.when)} -> ${expressionText(one.then)}`);
      return tagged(`case(${branches.join(', ')})`, node.type, node.nullable);
    }
    case 'Lambda':
      return `(${node.operator} ${overText(node.over)}${node.predicate === null ? '' : ` ${expressionText(node.predicate)}`})`;
    case 'CollectionCount': {
      const filter = node.filter === null ? '' : ` filter ${expressionText(node.filter)}`;
      return `(count ${overText(node.over)}${filter}${node.search === null ? '' : ` search ${searchText(node.search)}`})`;
    }
    case 'Has':
      return `(has ${expressionText(node.left)} ${expressionText(node.right)})`;
    case 'RowExists':
      return `(exists ${rowText(node.row)})`;
  }
}
