import type { ODataUri, PathSegment } from '../../uri/syntax.ts';
import { boundPlan, entityOf, metadataDocument, propertyOf, serviceDocument } from '../model/make.ts';
import type { Bound, ReadPlan } from '../model/read-plan.ts';
import { queryFingerprint } from './fingerprint.ts';
import { noUsage } from './limits.ts';
import { bindAll, entitiesOfType } from './request/all.ts';
import { allowOptions, type OptionName } from './request/allowed-options.ts';
import { bindCollectionRead, bindCountRead } from './request/collection.ts';
import { bindCrossjoin } from './request/crossjoin.ts';
import { bindEntityId } from './request/entity-id.ts';
import { bindPath, type Resource } from './request/path.ts';
import { bindRows } from './rows/rows.ts';
import { type BindContext, type Binding, fault, requestScope } from './scope.ts';

export type { BindContext } from './scope.ts';

/**
 * A parsed URL against the model: what is to be read, typed and within the limits. Pure: the same URL, context and
 * `now` give the same plan.
 * @throws GatewayError of the codes of a request's URL in `errors.ts`; the message names the option or the path
 */
export function bindRead(uri: ODataUri, context: BindContext): Bound {
  const binding: Binding = { context, aliases: uri.aliases, usage: noUsage(), fingerprint: queryFingerprint(uri) };
  const plan = bindPlan(uri, binding);
  return boundPlan(plan, { volatile: binding.usage.clock, fingerprint: binding.fingerprint });
}

function bindPlan(uri: ODataUri, binding: Binding): ReadPlan {
  const [first, second] = uri.path.segments;
  if (first === undefined) {
    return plain(serviceDocument, uri, binding);
  }
  if (first.kind === 'Crossjoin') {
    return bindCrossjoin(first, uri, binding);
  }
  if (first.kind === 'System' && first.name === '$all') {
    const typed = entitiesOfType(uri, binding);
    return typed === null ? bindAll(uri, binding) : bindResource(uri, bindPath(typed, binding), binding);
  }
  if (first.kind === 'System') {
    return bindSystem(first, { uri, binding, alone: second === undefined });
  }
  return bindResource(uri, bindPath(uri.path.segments, binding), binding);
}

interface Root {
  readonly uri: ODataUri;
  readonly binding: Binding;
  readonly alone: boolean;
}

function bindSystem(segment: Extract<PathSegment, { kind: 'System' }>, root: Root): ReadPlan {
  const { uri, binding } = root;
  const scope = requestScope(binding, 'path');
  if (segment.name === '$entity') {
    return bindResource(uri, bindEntityId(uri, binding), binding);
  }
  if (!root.alone) {
    throw fault(scope, 'ResourceNotFound', `nothing can follow '${segment.name}' here.`, segment.at);
  }
  if (segment.name === '$metadata') {
    return plain(metadataDocument, uri, binding);
  }
  if (segment.name === '$batch') {
    throw fault(scope, 'MethodNotAllowed', 'a batch is sent with POST.', segment.at);
  }
  throw fault(scope, 'ResourceNotFound', `'${segment.name}' cannot stand first.`, segment.at);
}

function plain(plan: ReadPlan, uri: ODataUri, binding: Binding): ReadPlan {
  allowOptions(uri.options, [], { scope: requestScope(binding, 'path'), what: 'this resource' });
  return plan;
}

const entityOptions: readonly OptionName[] = ['select', 'expand', 'compute', 'id'];

function bindResource(uri: ODataUri, resource: Resource, binding: Binding): ReadPlan {
  const scope = requestScope(binding, 'path');
  const { source, set, property } = resource;
  if (property !== null) {
    allowOptions(uri.options, ['id'], { scope, what: 'a property' });
    return propertyOf({ source, set, property, raw: resource.suffix === '$value' });
  }
  if (resource.suffix === '$count') {
    return bindCountRead(uri, resource, binding);
  }
  if (resource.many) {
    return bindCollectionRead(uri, resource, binding);
  }
  const references = resource.suffix === '$ref';
  allowOptions(uri.options, references ? ['id'] : entityOptions, { scope, what: 'a single entity' });
  const { selection } = bindRows(uri.options, set, { binding, it: null, depth: 0 });
  return entityOf({ source, selection, empty: resource.empty, references });
}
