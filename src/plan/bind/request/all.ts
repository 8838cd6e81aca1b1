import type { EntitySet } from '../../../edm/model.ts';
import type { ODataUri, PathSegment } from '../../../uri/syntax.ts';
import { allOf, collectionOf, rowsOfSet } from '../../model/make.ts';
import type { AllPlan, AllPosition, CollectionPlan } from '../../model/read-plan.ts';
import { decodePagePosition } from '../../position/page-position.ts';
import { isCopyText } from '../../value/copy-text.ts';
import { perhaps } from '../names.ts';
import { rowCount } from '../rows/restriction.ts';
import { bindRows } from '../rows/rows.ts';
import { type Binding, fault, inOption, isOwnType, requestScope, type Scope } from '../scope.ts';
import { allowOptions, type OptionName } from './allowed-options.ts';
import { refuseTyped } from './untyped-options.ts';

const pagedOptions: readonly OptionName[] = ['top', 'skip', 'count', 'skiptoken'];

/**
 * `$all`, `$all/$count` and `$all/$ref` (4.01 URL Conventions 4.16): a collection of Edm.EntityType, in which no property
 * can be named. Also `$all/Ns.Type` where several sets have that type.
 * @throws GatewayError `UnknownProperty` and `NotImplemented` for options that need a common type, `ResourceNotFound`
 */
export function bindAll(uri: ODataUri, binding: Binding): AllPlan {
  const scope = requestScope(binding, 'path');
  const { sets, suffix } = addressed(uri, scope);
  refuseTyped(uri.options, scope);
  const countOnly = suffix === '$count';
  allowOptions(uri.options, countOnly ? ['count'] : pagedOptions, { scope, what: countOnly ? '/$count' : '$all' });
  const after = positionOf(uri, sets, binding);
  const top = rowCount(uri.options.top, inOption(scope, '$top'));
  const skip = rowCount(uri.options.skip, inOption(scope, '$skip'));
  const references = suffix === '$ref';
  return allOf({
    parts: sets.map((set) => wholeSet(set, { references, binding })),
    skip: after === null ? skip : null,
    top: after?.remaining ?? top,
    count: uri.options.count ?? false,
    references,
    pageSize: binding.context.pageSize,
    after,
    countOnly,
  });
}

/** `$all/Ns.Type`: the entities of a type are those of the one set that has it; null: of none, or of several. */
export function entitiesOfType(uri: ODataUri, binding: Binding): readonly PathSegment[] | null {
  const [, second, ...rest] = uri.path.segments;
  if (second?.kind !== 'Name') {
    return null;
  }
  const [set, another] = setsOfType(second.name, binding);
  return set === undefined || another !== undefined ? null : [{ ...second, name: set.name }, ...rest];
}

interface Addressed {
  readonly sets: readonly EntitySet[];
  readonly suffix: '$count' | '$ref' | null;
}

function addressed(uri: ODataUri, scope: Scope): Addressed {
  const { binding } = scope;
  const [, ...rest] = uri.path.segments;
  const typed = rest[0]?.kind === 'Name' ? rest[0] : null;
  const sets = typed === null ? [...binding.context.model.entitySets.values()] : setsOfType(typed.name, binding);
  if (typed !== null && sets.length === 0) {
    throw unknownType(typed, scope);
  }
  const ordered = sets.toSorted((a, b) => compareSets(a, b, binding));
  const [last, more] = typed === null ? rest : rest.slice(1);
  const wrong = more ?? (typed?.keys === null || typed === null ? null : typed);
  if (last === undefined && wrong === null) {
    return { sets: ordered, suffix: null };
  }
  const suffix = last?.kind === 'System' && (last.name === '$count' || last.name === '$ref') ? last.name : null;
  if (suffix !== null && wrong === null) {
    return { sets: ordered, suffix };
  }
  const message = 'only a type, /$count and /$ref can follow $all; address an entity by its own set.';
  throw fault(scope, 'ResourceNotFound', message, (wrong ?? last)?.at ?? null);
}

const setsOfType = (name: string, { context: { model } }: Binding): readonly EntitySet[] =>
  [...model.entitySets.values()].filter((set) => isOwnType(model, set, name));

function unknownType({ name, at }: { readonly name: string; readonly at: number }, scope: Scope): Error {
  const { namespace, entitySets } = scope.binding.context.model;
  const types = [...entitySets.values()].map((set) => `${namespace}.${set.entityType.name}`);
  return fault(scope, 'ResourceNotFound', `no entity set has the type '${name}'.${perhaps(name, types)}`, at);
}

/** Stored sets first. By name, so that a token means the same place after sets were found or have gone. */
function compareSets(a: EntitySet, b: EntitySet, { context }: Binding): number {
  const [first, second] = [a, b].map(({ name }) => (context.sets.get(name)?.kind === 'upstream' ? 1 : 0));
  if (first !== second) {
    return (first ?? 0) - (second ?? 0);
  }
  return a.name < b.name ? -1 : 1;
}

function wholeSet(
  set: EntitySet,
  { references, binding }: { readonly references: boolean; readonly binding: Binding },
): CollectionPlan {
  const { selection, restriction } = bindRows({}, set, { binding, it: null, depth: 0 });
  const { pageSize } = binding.context;
  return collectionOf({ source: rowsOfSet(set), selection, restriction, references, pageSize });
}

/** Nothing of a token reaches a database or a feed but a number, and what that feed has signed. */
function positionOf(
  { options: { skiptoken } }: ODataUri,
  sets: readonly EntitySet[],
  binding: Binding,
): AllPosition | null {
  if (skiptoken === undefined) {
    return null;
  }
  const { values, rowId, remaining } = decodePagePosition(skiptoken, binding.fingerprint);
  const [set, token] = values;
  const place = { option: '$skiptoken' } as const;
  const fitting = rowId === '' || isCopyText(rowId, 'Edm.Int64');
  if (values.length !== 2 || typeof set !== 'string' || token === undefined || !fitting) {
    throw fault(place, 'InvalidSkipToken', 'the token belongs to another query.');
  }
  if (!sets.some(({ name }) => name === set)) {
    throw fault(place, 'InvalidSkipToken', `the set '${set}', at which the next page begins, is not served any more.`);
  }
  return { set, rowId: rowId === '' ? null : rowId, token, remaining };
}
