import type { EntitySet } from '../../edm/model.ts';
import { urlLiteral } from '../../edm/primitive-types.ts';
import { GatewayError } from '../../errors.ts';
import type { BoundExpression, KeyValue, Restriction, RowSource } from '../../plan/model/read-plan.ts';
import type { UpstreamPlan } from '../upstream.ts';
import { expressionText } from './expression-text.ts';
import type { OptionTexts } from './option-text.ts';
import { restrictionOptions, selectionOptions } from './option-text.ts';
import { withRowConditions } from './row-conditions.ts';
import type { UpstreamMap } from './upstream-map.ts';
import { upstreamEnumType, upstreamHasNavigation, upstreamPropertyName, upstreamSetName } from './upstream-map.ts';

/** What to ask the upstream: `path?query` below its service root, percent-encoded. `query` may be empty. */
export interface UpstreamUrl {
  readonly path: string;
  readonly query: string;
}

/**
 * The bound plan as a URL of an OData 4.0 feed; twin of the SQL compiler. Pure. What the plan is restricted to is part of
 * the URL.
 * `keys`: key properties come back although they are not selected, because ids are to be written.
 * @throws GatewayError NotImplemented naming the option that a 4.0 feed cannot do.
 */
export function compileUpstreamUrl(restricted: UpstreamPlan, map: UpstreamMap, keys = false): UpstreamUrl {
  const plan = withRowConditions(restricted);
  const { path, filter } = sourcePath(plan.source, map);
  switch (plan.kind) {
    case 'Collection': {
      if (plan.apply !== null) {
        throw refuse('$apply', map);
      }
      if (plan.since !== null) {
        throw refuse('$deltatoken', map);
      }
      const extras = { map, keys: keys || plan.references };
      return url(path, [
        selectionOptions(plan.selection, extras),
        restrictionOptions(withFilter(plan.restriction, filter), map),
      ]);
    }
    case 'Entity':
      if (filter !== null) {
        throw refuse('/$filter', map);
      }
      return url(path, [selectionOptions(plan.selection, { map, keys: keys || plan.references })]);
    case 'PropertyRead':
      // Asked as an entity of one property: the same reply for null, raw and absent at every feed.
      if (filter !== null) {
        throw refuse('/$filter', map);
      }
      return url(path, [new Map([['$select', upstreamPropertyName(plan.property)]])]);
    case 'Count': {
      if (plan.apply !== null) {
        throw refuse('$apply', map);
      }
      const { filter: own, search } = withFilter(plan.restriction, filter);
      return url(`${path}/$count`, [restrictionOptions({ ...noRestriction, filter: own, search }, map)]);
    }
  }
}

const noRestriction: Restriction = { filter: null, search: null, orderby: [], top: null, skip: null, count: false };

/** Percent-encodes an option's value; `$ , / :` stay readable, which RFC 3986 allows in a query. */
export function encodeOption(text: string): string {
  return encodeURIComponent(text).replace(/%(24|2C|2F|3A)/g, (code) => decodeURIComponent(code));
}

function url(path: string, options: readonly OptionTexts[]): UpstreamUrl {
  const pairs = options.flatMap((texts) => [...texts]);
  return { path, query: pairs.map(([name, value]) => `${name}=${encodeOption(value)}`).join('&') };
}

interface SourcePath {
  readonly path: string;
  /** Conditions of `/$filter(...)` segments, to be joined to `$filter`. */
  readonly filter: BoundExpression | null;
}

function sourcePath(source: RowSource, map: UpstreamMap): SourcePath {
  switch (source.kind) {
    case 'Set':
      return { path: encodeURIComponent(upstreamSetName(map, source.set)), filter: null };
    case 'Navigated': {
      const from = sourcePath(source.from, map);
      if (from.filter !== null) {
        throw refuse('/$filter', map);
      }
      upstreamSetName(map, source.set);
      if (!upstreamHasNavigation(map, setOf(source.from), source.navigation)) {
        throw new GatewayError(
          'NotImplemented',
          `The proxied feed ${map.source} does not know the navigation property ${source.navigation.name}.`,
          { feature: 'proxied', target: source.navigation.name },
        );
      }
      return { path: `${from.path}/${encodeURIComponent(source.navigation.name)}`, filter: null };
    }
    case 'Keyed': {
      const from = sourcePath(source.from, map);
      if (from.filter !== null) {
        throw refuse('/$filter', map);
      }
      return { path: `${from.path}(${keyText(source.key, source.from, map)})`, filter: null };
    }
    case 'Filtered': {
      const from = sourcePath(source.from, map);
      return { path: from.path, filter: both(from.filter, source.condition) };
    }
  }
}

function setOf(source: RowSource): EntitySet {
  return source.kind === 'Set' || source.kind === 'Navigated' ? source.set : setOf(source.from);
}

function keyText(key: readonly KeyValue[], from: RowSource, map: UpstreamMap): string {
  const literals = key.map(({ property, value }) => {
    const enumType = upstreamEnumType(map, setOf(from), property) ?? '';
    const literal = encodeURIComponent(`${enumType}${urlLiteral(value.type, value.value)}`);
    return key.length === 1 ? literal : `${upstreamPropertyName(property)}=${literal}`;
  });
  return literals.join(',');
}

function withFilter(restriction: Restriction, filter: BoundExpression | null): Restriction {
  return filter === null ? restriction : { ...restriction, filter: both(filter, restriction.filter) };
}

function both(left: BoundExpression | null, right: BoundExpression | null): BoundExpression | null {
  if (left === null || right === null) {
    return left ?? right;
  }
  return { kind: 'Logical', type: 'Edm.Boolean', nullable: true, operator: 'and', left, right };
}

function refuse(option: string, map: UpstreamMap): GatewayError {
  return new GatewayError('NotImplemented', `${option} is not available for the proxied feed ${map.source}.`, {
    feature: 'proxied',
    target: option,
  });
}

/** The expression text alone, for diagnostics and tests. */
export function filterText(condition: BoundExpression, map: UpstreamMap): string {
  return expressionText(condition, { map, option: '$filter', variables: new Map() });
}
