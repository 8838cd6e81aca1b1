import { hasReferentialConstraint } from './facets.ts';
import type { EntitySet, EntityType, Model, NavigationProperty, Property } from './model.ts';
import { isPrimitiveTypeName, primitiveType } from './primitive-types.ts';

/** A rule that a model breaks. `path` is CSDL's: `Type`, `Type/Property`, `Container/Set`. */
export interface ModelFault {
  readonly path: string;
  readonly message: string;
}

/** Names that every known client accepts: narrower than CSDL's SimpleIdentifier. */
export const safeName = /^[A-Za-z][A-Za-z0-9_]{0,127}$/;

/**
 * Everything that would make a client refuse the document or resolve a name to nothing: names, duplicates, keys, types,
 * facets, partners both ways, joins, bindings. An empty list: the model may be published. A navigation without any join
 * is no fault: a proxied feed can follow one whose joined properties it does not tell.
 */
export function checkModel(model: Model): readonly ModelFault[] {
  const faults: ModelFault[] = [];
  const report: Report = (path, message) => faults.push({ path, message });
  if (!model.namespace.split('.').every((part) => safeName.test(part))) {
    report(model.namespace, 'the namespace is not a dotted list of names');
  }
  checkNames([...model.entityTypes.keys(), model.container], model.namespace, report);
  checkNames([...model.entitySets.keys()], model.container, report);
  for (const [name, type] of model.entityTypes) {
    if (type.name !== name) {
      report(name, `is filed under ${name} but named ${type.name}`);
    }
    checkType(type, model, report);
  }
  for (const [name, set] of model.entitySets) {
    if (set.name !== name) {
      report(`${model.container}/${name}`, `is filed under ${name} but named ${set.name}`);
    }
    checkSet(set, model, report);
  }
  return faults;
}

type Report = (path: string, message: string) => void;

function checkNames(names: readonly string[], path: string, report: Report): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (!safeName.test(name)) {
      report(`${path}/${name}`, `the name does not match ${safeName.source}`);
    }
    const folded = name.toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      report(
        `${path}/${name}`,
        other === name ? 'the name is used twice' : `the name differs from ${other} in case only`,
      );
    }
    seen.set(folded, name);
  }
}

function checkType(type: EntityType, model: Model, report: Report): void {
  checkNames([...type.properties.keys(), ...type.navigationProperties.keys()], type.name, report);
  // CSDL 4.0, 6.1: a property must not have the name of its type.
  if (type.properties.has(type.name) || type.navigationProperties.has(type.name)) {
    report(`${type.name}/${type.name}`, 'a property must not have the name of its entity type');
  }
  checkKey(type, report);
  for (const [name, property] of type.properties) {
    if (property.name !== name) {
      report(`${type.name}/${name}`, `is filed under ${name} but named ${property.name}`);
    }
    checkFacets(property, `${type.name}/${name}`, report);
  }
  for (const [name, navigation] of type.navigationProperties) {
    if (navigation.name !== name) {
      report(`${type.name}/${name}`, `is filed under ${name} but named ${navigation.name}`);
    }
    checkNavigation({ type, navigation, model }, report);
  }
}

function checkKey(type: EntityType, report: Report): void {
  if (type.key.length === 0) {
    report(type.name, 'the entity type has no key');
  }
  if (new Set(type.key).size !== type.key.length) {
    report(type.name, 'the key names a property twice');
  }
  for (const name of type.key) {
    const property = type.properties.get(name);
    const path = `${type.name}/${name}`;
    if (property === undefined) {
      report(path, 'the key names a property that does not exist');
    } else if (property.nullable) {
      report(path, 'a key property must not be nullable');
    } else if (property.collection || !primitiveType(property.type).keyable) {
      report(path, `${property.collection ? 'a collection' : property.type} cannot be a key`);
    }
  }
}

function checkFacets(property: Property, path: string, report: Report): void {
  if (!isPrimitiveTypeName(property.type)) {
    report(path, `${String(property.type)} is not a known primitive type`);
    return;
  }
  const legal = primitiveType(property.type).facets;
  const whole = (value: number | undefined, least: number): boolean =>
    value === undefined || (Number.isSafeInteger(value) && value >= least);
  if (property.maxLength !== undefined && !legal.includes('MaxLength')) {
    report(path, `MaxLength is not a facet of ${property.type}`);
  }
  if (property.precision !== undefined && !legal.includes('Precision')) {
    report(path, `Precision is not a facet of ${property.type}`);
  }
  if (property.scale !== undefined && !legal.includes('Scale')) {
    report(path, `Scale is not a facet of ${property.type}`);
  }
  if (!whole(property.maxLength, 1)) {
    report(path, 'MaxLength must be a positive whole number');
  }
  const decimal = property.type === 'Edm.Decimal';
  if (!whole(property.precision, decimal ? 1 : 0)) {
    report(path, 'Precision must be a whole number');
  }
  if (!decimal && (property.precision ?? 0) > 12) {
    report(path, 'Precision of a time is 0 to 12 digits');
  }
  if (typeof property.scale === 'number') {
    if (!whole(property.scale, 0)) {
      report(path, 'Scale must be a whole number or "variable"');
    }
    if (property.precision !== undefined && property.scale > property.precision) {
      report(path, 'Scale is greater than Precision');
    }
  }
}

interface OwnedNavigation {
  readonly type: EntityType;
  readonly navigation: NavigationProperty;
  readonly model: Model;
}

function checkNavigation({ type, navigation, model }: OwnedNavigation, report: Report): void {
  const path = `${type.name}/${navigation.name}`;
  const target = model.entityTypes.get(navigation.target);
  if (target === undefined) {
    report(path, `leads to ${navigation.target}, which is not an entity type`);
    return;
  }
  for (const { property, referencedProperty } of navigation.join) {
    const ours = type.properties.get(property);
    const theirs = target.properties.get(referencedProperty);
    if (ours === undefined) {
      report(path, `joins ${property}, which ${type.name} does not have`);
    }
    if (theirs === undefined) {
      report(path, `joins ${referencedProperty}, which ${target.name} does not have`);
    }
    if (ours !== undefined && theirs !== undefined && ours.type !== theirs.type) {
      report(path, `joins ${property} (${ours.type}) with ${referencedProperty} (${theirs.type})`);
    }
  }
  if (!navigation.collection && !navigation.nullable && hasReferentialConstraint(navigation, target, type)) {
    // 7.2.1: a dependent property that may be null needs a navigation that may be null.
    const nullable = navigation.join.filter((pair) => type.properties.get(pair.property)?.nullable);
    if (nullable.length > 0) {
      report(path, 'is not nullable although a joined property is');
    }
  }
  checkPartner({ type, navigation, model }, target, report);
}

function checkPartner({ type, navigation }: OwnedNavigation, target: EntityType, report: Report): void {
  if (navigation.partner === undefined) {
    return;
  }
  const path = `${type.name}/${navigation.name}`;
  const partner = target.navigationProperties.get(navigation.partner);
  if (partner === undefined) {
    report(path, `has the partner ${navigation.partner}, which ${target.name} does not have`);
  } else if (partner.target !== type.name) {
    report(path, `has the partner ${partner.name}, which leads to ${partner.target}`);
  } else if (partner.partner !== undefined && partner.partner !== navigation.name) {
    report(path, `has the partner ${partner.name}, whose own partner is ${partner.partner}`);
  }
}

function checkSet(set: EntitySet, model: Model, report: Report): void {
  const path = `${model.container}/${set.name}`;
  if (model.entityTypes.get(set.entityType.name) !== set.entityType) {
    report(path, `its entity type ${set.entityType.name} is not the one in the model`);
  }
  for (const [name, targetName] of set.navigationPropertyBindings) {
    const navigation = set.entityType.navigationProperties.get(name);
    const target = model.entitySets.get(targetName);
    if (navigation === undefined) {
      report(path, `binds ${name}, which is not a navigation property of its type`);
    }
    if (target === undefined) {
      report(path, `binds ${name} to ${targetName}, which is not an entity set`);
    }
    if (navigation !== undefined && target !== undefined && navigation.target !== target.entityType.name) {
      report(path, `binds ${name} to ${targetName}, whose type is ${target.entityType.name}, not ${navigation.target}`);
    }
    if (target !== undefined && navigation?.partner !== undefined) {
      const back = target.navigationPropertyBindings?.get(navigation.partner);
      if (back !== undefined && back !== set.name) {
        report(path, `binds ${name} to ${targetName}, whose partner ${navigation.partner} is bound to ${back}`);
      }
    }
  }
  for (const name of set.entityType.navigationProperties.keys()) {
    if (!set.navigationPropertyBindings.has(name)) {
      report(path, `does not bind the navigation property ${name}`);
    }
  }
  for (const name of set.searchable) {
    if (set.entityType.properties.get(name)?.type !== 'Edm.String') {
      report(path, `searches ${name}, which is not a string property of its type`);
    }
  }
}
