import type { Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { isNull } from '../../plan/logic/condition.ts';
import { isNeverNull } from '../../plan/logic/never-null.ts';
import { nullProof } from '../../plan/logic/null-proof.ts';
import type {
  BoundExpression,
  ExpandPlan,
  RangeVariable,
  Restriction,
  SearchNode,
  Selection,
} from '../../plan/model/read-plan.ts';
import { expressionText } from './expression-text.ts';
import type { UpstreamMap } from './upstream-map.ts';
import { orderedName, upstreamHasNavigation, upstreamPropertyName, upstreamSetName } from './upstream-map.ts';

/** System query options by name, values not percent-encoded, in the order they are written. */
export type OptionTexts = ReadonlyMap<string, string>;

/** What besides the selected properties must come back. */
export interface Extras {
  readonly map: UpstreamMap;
  /** Key properties are fetched too, because ids are written. */
  readonly keys: boolean;
}

/** `$select` and `$expand` of one level. `$select` is explicit unless the map says `brief`: what the upstream adds tomorrow is never sent. */
export function selectionOptions(selection: Selection, extras: Extras): OptionTexts {
  if (selection.computed.length > 0) {
    throw refuse('$compute', extras.map);
  }
  const options = new Map<string, string>();
  const fetched = fetchedProperties(selection, extras.keys);
  if (extras.map.brief !== true || fetched.length < selection.type.properties.size) {
    options.set('$select', fetched.map(upstreamPropertyName).join(','));
  }
  if (selection.expands.length > 0) {
    options.set('$expand', selection.expands.map((expand) => expandText(expand, selection, extras)).join(','));
  }
  return options;
}

/** The properties asked of the upstream: the served ones, and the key where it is needed or nothing else is. */
export function fetchedProperties(selection: Selection, keys: boolean): readonly Property[] {
  const found = [...selection.properties];
  if (keys || found.length === 0) {
    for (const name of selection.type.key) {
      const property = selection.type.properties.get(name);
      if (property !== undefined && !found.includes(property)) {
        found.push(property);
      }
    }
  }
  return found;
}

/** `$filter`, `$search`, `$orderby`, `$skip`, `$top`, `$count` of one level. */
export function restrictionOptions(restriction: Restriction, map: UpstreamMap, own?: RangeVariable): OptionTexts {
  const options = new Map<string, string>();
  const place = (option: string) => ({ map, option, variables: new Map(), own });
  if (restriction.filter !== null) {
    options.set('$filter', expressionText(nullProof(restriction.filter), place('$filter')));
  }
  if (restriction.search !== null) {
    options.set('$search', searchText(restriction.search.expression));
  }
  if (restriction.orderby.length > 0) {
    const keys = restriction.orderby.flatMap(({ expression, direction }) => {
      const textOf = (one: BoundExpression): string => expressionText(one, place('$orderby'));
      const [upwards, downwards] = ['', ' desc'];
      const [own, nulls] = direction === 'desc' ? [downwards, upwards] : [upwards, downwards];
      const said =
        isSaid(expression, map) && !isNeverNull(expression, restriction.filter)
          ? [`${textOf(isNull(expression))}${nulls}`]
          : [];
      return [...said, `${textOf(expression)}${own}`];
    });
    options.set('$orderby', keys.join(','));
  }
  if (restriction.skip !== null) {
    options.set('$skip', String(restriction.skip));
  }
  if (restriction.top !== null) {
    if (typeof map.maxTop === 'number' && restriction.top > map.maxTop) {
      throw new GatewayError(
        'LimitExceeded',
        `$top: the proxied feed ${map.source} gives at most ${map.maxTop} rows for each row of an $expand.`,
        { target: '$top' },
      );
    }
    options.set('$top', String(restriction.top));
  }
  if (restriction.count) {
    options.set('$count', 'true');
  }
  return options;
}

/** Whether the feed would put rows without this value elsewhere than before all others, behind them downwards (Protocol 11.2.6.2), unless it is told. */
function isSaid(key: BoundExpression, { nullsSaid }: UpstreamMap): boolean {
  if (key.kind !== 'PropertyValue' || nullsSaid === undefined) {
    return false;
  }
  const set = key.row.steps.at(-1)?.set ?? key.row.variable.set;
  return nullsSaid.has(orderedName({ set, property: key.property }));
}

function expandText(expand: ExpandPlan, selection: Selection, extras: Extras): string {
  const { navigation, form } = expand;
  if (expand.apply !== undefined) {
    throw refuse('$apply', extras.map);
  }
  upstreamSetName(extras.map, expand.selection.set);
  if (!upstreamHasNavigation(extras.map, selection.set, navigation)) {
    throw new GatewayError(
      'NotImplemented',
      `$expand: the proxied feed ${extras.map.source} does not know the navigation property ${navigation.name}.`,
      { feature: 'proxied', target: '$expand' },
    );
  }
  const options = new Map([
    // A reference needs the key alone; a count needs no row at all, but of a feed that may leave counts out the keys are counted.
    ...(form === 'entities'
      ? selectionOptions(expand.selection, extras)
      : new Map([
          [
            '$select',
            fetchedProperties({ ...expand.selection, properties: [] }, true)
              .map(upstreamPropertyName)
              .join(','),
          ],
        ])),
    ...restrictionOptions(expand.restriction, extras.map, expand.restriction.variable),
    ...(form === 'count'
      ? ([['$count', 'true'], ...(extras.map.countsNested === true ? ([['$top', '0']] as const) : [])] as const)
      : []),
  ]);
  const texts = [...options].map(([name, value]) => `${name}=${value}`);
  return texts.length === 0 ? navigation.name : `${navigation.name}(${texts.join(';')})`;
}

/** The search expression in 4.0 grammar; words that are not plain letters and digits are written as phrases. */
function searchText(node: SearchNode): string {
  switch (node.kind) {
    case 'Word':
      return /^[\p{L}\p{N}]+$/u.test(node.text) && !/^(AND|OR|NOT)$/.test(node.text) ? node.text : phrase(node.text);
    case 'Phrase':
      return phrase(node.text);
    case 'Not':
      return `NOT ${searchOperand(node.operand)}`;
    case 'And':
    case 'Or':
      return `${searchOperand(node.left)} ${node.kind.toUpperCase()} ${searchOperand(node.right)}`;
  }
}

function searchOperand(node: SearchNode): string {
  return node.kind === 'Word' || node.kind === 'Phrase' ? searchText(node) : `(${searchText(node)})`;
}

function phrase(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function refuse(option: string, map: UpstreamMap): GatewayError {
  return new GatewayError('NotImplemented', `${option} is not available for the proxied feed ${map.source}.`, {
    feature: 'proxied',
    target: option,
  });
}
