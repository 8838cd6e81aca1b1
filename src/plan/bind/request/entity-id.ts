import { parseResourcePath } from '../../../uri/parse-uri.ts';
import type { ODataUri } from '../../../uri/syntax.ts';
import { type Binding, fault, isOwnType, requestScope } from '../scope.ts';
import { bindPath, type Resource } from './path.ts';

/**
 * `$entity?$id=Set(key)`, the id relative to the service root or absolute below it (4.01 URL Conventions 4.4).
 * @throws GatewayError `InvalidOption` where the id is missing or leads to no single entity
 */
export function bindEntityId(uri: ODataUri, binding: Binding): Resource {
  const scope = requestScope(binding, '$id');
  const { id } = uri.options;
  if (id === undefined) {
    throw fault(scope, 'InvalidOption', 'write $entity?$id=Set(key).');
  }
  const identified = parseResourcePath(relative(id, binding));
  const resource = bindPath(identified.segments, binding);
  if (resource.many || resource.property !== null || resource.suffix !== null) {
    throw fault(scope, 'InvalidOption', `'${id}' is not the id of one entity.`);
  }
  for (const segment of uri.path.segments.slice(1)) {
    const own = segment.kind === 'Name' && isOwnType(binding.context.model, resource.set, segment.name);
    if (!own) {
      throw fault(scope, 'ResourceNotFound', 'only a type can follow $entity.', segment.at);
    }
  }
  return resource;
}

function relative(id: string, binding: Binding): string {
  const root = binding.context.serviceRoot;
  if (root !== undefined && id.startsWith(root)) {
    return id.slice(root.length);
  }
  if (/^[a-z]+:\/\//i.test(id) || id.startsWith('/')) {
    throw fault(requestScope(binding, '$id'), 'InvalidOption', 'the id is not below this service root.');
  }
  return id;
}
