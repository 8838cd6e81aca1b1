import { GatewayError } from '../errors.ts';
import type { EntityType, Property } from './model.ts';

/** The properties of a type's key, in their order. Throws GatewayError Internal for a type that was not checked. */
export function keyProperties({
  name: type,
  key,
  properties,
}: Pick<EntityType, 'name' | 'key' | 'properties'>): Property[] {
  return key.map((name) => {
    const property = properties.get(name);
    if (property === undefined) {
      throw new GatewayError('Internal', `${type} has no key property ${name}.`);
    }
    return property;
  });
}
