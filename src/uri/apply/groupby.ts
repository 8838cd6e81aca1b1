import { type Cursor, commaList, parenthesised } from '../cursor.ts';
import type { GroupingItem, Transformation } from '../syntax.ts';
import { parseNamePath } from './aggregate.ts';
import { parseApplyExpression } from './apply.ts';
import { parseHierarchyReference } from './hierarchy.ts';

/** `groupby((items)[,transformations])`, the cursor on the parenthesis (OData Data Aggregation 4.0, 3.2.3). */
export function parseGroupBy(cursor: Cursor, at: number): Transformation {
  return parenthesised(cursor, () => {
    const properties = parenthesised(cursor, () => commaList(cursor, () => parseGroupingItem(cursor)));
    const end = cursor.position;
    cursor.skipBlanks();
    if (!cursor.take(',')) {
      cursor.position = end;
      return { kind: 'groupby', at, properties, transformations: [] };
    }
    cursor.skipBlanks();
    return { kind: 'groupby', at, properties, transformations: parseApplyExpression(cursor) };
  });
}

function parseGroupingItem(cursor: Cursor): GroupingItem {
  const at = cursor.position;
  if (cursor.looksAt('rolluprecursive(')) {
    return parseRollupRecursive(cursor, at);
  }
  if (!cursor.looksAt('rollup(')) {
    return { kind: 'path', at, path: parseNamePath(cursor) };
  }
  cursor.position += 'rollup'.length;
  return parenthesised(cursor, () => {
    const all = cursor.take('$all');
    if (all) {
      cursor.skipBlanks();
      cursor.expect(',');
      cursor.skipBlanks();
    }
    return { kind: 'rollup', at, all, paths: commaList(cursor, () => parseNamePath(cursor)) };
  });
}

function parseRollupRecursive(cursor: Cursor, at: number): GroupingItem {
  cursor.unsupported('hierarchies', 'rolluprecursive', at);
  cursor.position += 'rolluprecursive'.length;
  return parenthesised(cursor, () => {
    const path = parseHierarchyReference(cursor);
    cursor.skipBlanks();
    if (cursor.take(',')) {
      cursor.skipBlanks();
      parseApplyExpression(cursor);
    }
    return { kind: 'path', at, path };
  });
}
