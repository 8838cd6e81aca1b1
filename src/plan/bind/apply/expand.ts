import type { ExpandItem } from '../../../uri/syntax.ts';
import type { OutputEntity, OutputProperty, RangeVariable } from '../../model/read-plan.ts';
import { checkLimit } from '../limits.ts';
import { allowOptions, singleOptions } from '../request/allowed-options.ts';
import { bindRows, type Level } from '../rows/rows.ts';
import { fault, notImplemented, requestScope } from '../scope.ts';
import type { Stage } from './stage.ts';

export interface ApplyExpands {
  readonly entities: OutputEntity[];
  /** Properties of joined rows that are no entities. */
  readonly output: OutputProperty[];
  /** What is left for the navigation properties of the rows themselves. */
  readonly rows: ExpandItem[];
}

/**
 * `$expand` of the result of `$apply` (Data Aggregation 4.0, 3): entities that were grouped by are expanded where
 * nothing is said (3.2.3.1), joined ones where they are named; rows that are entities still lead where they ever did.
 * @throws GatewayError `NotImplemented` for navigation of aggregated rows
 */
export function bindApplyExpands(items: readonly ExpandItem[] | null, stage: Stage, level: Level): ApplyExpands {
  const expands: ApplyExpands = { entities: [], output: [], rows: [] };
  const { joined = new Map() } = stage;
  const inside = { ...level, it: level.it ?? stage.scope.it, depth: level.depth + 1 };
  if (items === null) {
    for (const one of joined.values()) {
      if (one.kind === 'entity' && one.byDefault) {
        expands.entities.push(wholeEntity(one.variable, inside));
      }
    }
    return expands;
  }
  for (const item of items) {
    const one = item.wildcard ? undefined : joined.get(item.path.join('/'));
    if (one?.kind === 'entity') {
      expands.entities.push(expandedEntity(one.variable, item, inside));
    } else if (one?.kind === 'row') {
      expands.output.push(...joinedRow(one.output, item));
    } else if (stage.scope.row !== null) {
      expands.rows.push(item);
    } else {
      const message = 'aggregated rows cannot be expanded; group by the path, or by the navigation property.';
      throw notImplemented(inExpand, 'expand-of-aggregates', message, item.at);
    }
  }
  return expands;
}

const inExpand = { option: '$expand' } as const;

function wholeEntity(variable: RangeVariable, level: Level): OutputEntity {
  const { selection } = bindRows({}, variable.set, level);
  return { path: variable.name.split('/'), variable, form: 'entities', selection };
}

function expandedEntity(variable: RangeVariable, item: ExpandItem, level: Level): OutputEntity {
  const { usage, context } = level.binding;
  usage.expands += 1;
  checkLimit(usage.expands, context.limits.expands, 'too many expanded navigation properties');
  checkLimit(level.depth, context.limits.expandDepth, 'too many levels of $expand');
  const scope = requestScope(level.binding, '$expand');
  const options = item.options ?? {};
  allowOptions(options, singleOptions, { scope, what: `$expand of '${variable.name}'` });
  if (options.levels !== undefined || item.suffix === 'count') {
    const what = item.suffix === 'count' ? '/$count' : '$levels';
    throw fault(scope, 'InvalidOption', `'${variable.name}' is a single entity; ${what} has no meaning.`, item.at);
  }
  const { selection } = bindRows(options, variable.set, level);
  return { path: variable.name.split('/'), variable, form: item.suffix ?? 'entities', selection };
}

function joinedRow(output: readonly OutputProperty[], item: ExpandItem): readonly OutputProperty[] {
  if (item.options === null && item.suffix === null) {
    return output;
  }
  const message = `'${item.path.join('/')}' is no entity any more: it takes no options.`;
  throw notImplemented(inExpand, 'expand-of-aggregates', message, item.at);
}
