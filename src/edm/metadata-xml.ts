import type { Annotation, AnnotationValue } from './annotations.ts';
import {
  description,
  feedAnnotations,
  propertyAnnotations,
  setAnnotations,
  vocabulariesOf,
  vocabularyUri,
} from './annotations.ts';
import type { FeedCapabilities } from './capabilities.ts';
import { facetsOf, hasReferentialConstraint } from './facets.ts';
import type { EntitySet, EntityType, Enumeration, Model, NavigationProperty, Property } from './model.ts';
import type { XmlElement } from './xml-text.ts';
import { element, xmlDocument } from './xml-text.ts';

/**
 * `$metadata` as CSDL XML 4.0: one schema with all types and the container. Deterministic: the order is the model's own.
 * `capabilities` null leaves the capability annotations out. The model must have passed `checkModel`. Enumerations are
 * text. `as` a feed that we proxy has it: enumerations declared under the names they have, which are in the model's namespace,
 * and a constraint for every join, although the target may be lacking.
 */
export function metadataXml(
  model: Model,
  capabilities: FeedCapabilities | null = null,
  as: 'served' | 'feed' = 'served',
): string {
  const declared = as === 'feed';
  const schema = element('Schema', { xmlns: 'http://docs.oasis-open.org/odata/ns/edm', Namespace: model.namespace }, [
    ...(declared ? enumerationsOf(model).map(enumType) : []),
    ...[...model.entityTypes.values()].map((type) => entityType(type, model, declared)),
    container(model, capabilities),
  ]);
  return xmlDocument(
    element('edmx:Edmx', { 'xmlns:edmx': 'http://docs.oasis-open.org/odata/ns/edmx', Version: '4.0' }, [
      ...vocabulariesOf(capabilities).map(reference),
      element('edmx:DataServices', {}, [schema]),
    ]),
  );
}

function reference(namespace: string): XmlElement {
  return element('edmx:Reference', { Uri: vocabularyUri(namespace, 'xml') }, [
    element('edmx:Include', { Namespace: namespace }, []),
  ]);
}

function enumerationsOf(model: Model): readonly Enumeration[] {
  const properties = [...model.entityTypes.values()].flatMap((type) => [...type.properties.values()]);
  const found = properties.flatMap(({ enumeration }) => (enumeration === undefined ? [] : [enumeration]));
  return [...new Map(found.map((one) => [one.name, one])).values()];
}

function enumType({ name, members, flags }: Enumeration): XmlElement {
  return element(
    'EnumType',
    { Name: name.slice(name.lastIndexOf('.') + 1), IsFlags: flags ? 'true' : undefined },
    [...members].map(([Name, value]) => element('Member', { Name, Value: String(value) }, [])),
  );
}

function entityType(type: EntityType, model: Model, declared: boolean): XmlElement {
  return element('EntityType', { Name: type.name }, [
    element(
      'Key',
      {},
      type.key.map((name) => element('PropertyRef', { Name: name }, [])),
    ),
    ...[...type.properties.values()].map((one) => property(one, declared)),
    ...[...type.navigationProperties.values()].map((navigation) =>
      navigationProperty(navigation, { type, model, declared }),
    ),
    ...description(type.description).map(annotation),
  ]);
}

function property(property: Property, declared: boolean): XmlElement {
  const facets = facetsOf(property);
  const type = (declared ? property.enumeration?.name : undefined) ?? property.type;
  return element(
    'Property',
    {
      Name: property.name,
      Type: property.collection ? `Collection(${type})` : type,
      Nullable: property.nullable ? undefined : 'false',
      MaxLength: facets.maxLength?.toString(),
      Precision: facets.precision?.toString(),
      Scale: facets.scale?.toString(),
    },
    // A stand-in for somebody else's feed says what that one would.
    (declared ? description(property.description) : propertyAnnotations(property)).map(annotation),
  );
}

interface NavigationOwner {
  readonly type: EntityType;
  readonly model: Model;
  readonly declared: boolean;
}

function navigationProperty(navigation: NavigationProperty, { type, model, declared }: NavigationOwner): XmlElement {
  const target = model.entityTypes.get(navigation.target);
  const name = `${model.namespace}.${navigation.target}`;
  const checked = declared ? { ...navigation, nullable: false } : navigation;
  const constrained = target !== undefined && hasReferentialConstraint(checked, target, type);
  return element(
    'NavigationProperty',
    {
      Name: navigation.name,
      Type: navigation.collection ? `Collection(${name})` : name,
      // 7.1.3: a collection-valued navigation property must not say Nullable.
      Nullable: navigation.collection || navigation.nullable ? undefined : 'false',
      Partner: navigation.partner,
    },
    [
      ...(constrained ? navigation.join : []).map((pair) =>
        element('ReferentialConstraint', { Property: pair.property, ReferencedProperty: pair.referencedProperty }, []),
      ),
      ...description(navigation.description).map(annotation),
    ],
  );
}

function container(model: Model, capabilities: FeedCapabilities | null): XmlElement {
  return element('EntityContainer', { Name: model.container }, [
    ...[...model.entitySets.values()].map((set) => entitySet(set, model, capabilities)),
    ...(capabilities === null ? [] : feedAnnotations(capabilities)).map(annotation),
  ]);
}

function entitySet(set: EntitySet, model: Model, capabilities: FeedCapabilities | null): XmlElement {
  const stated = capabilities === null ? [] : setAnnotations(capabilities.sets.get(set.name));
  return element('EntitySet', { Name: set.name, EntityType: `${model.namespace}.${set.entityType.name}` }, [
    ...[...set.navigationPropertyBindings].map(([Path, Target]) =>
      element('NavigationPropertyBinding', { Path, Target }, []),
    ),
    ...description(set.description).map(annotation),
    ...stated.map(annotation),
  ]);
}

function annotation(annotation: Annotation): XmlElement {
  const { term: Term, value } = annotation;
  if (value.kind === 'Bool' || value.kind === 'String') {
    return element('Annotation', { Term, ...constant(value) }, []);
  }
  return element('Annotation', { Term }, [expression(value)]);
}

function constant(value: AnnotationValue & { kind: 'Bool' | 'String' }): Record<string, string> {
  return { [value.kind]: value.value.toString() };
}

function expression(value: AnnotationValue): XmlElement {
  switch (value.kind) {
    case 'Bool':
    case 'String':
      return element(value.kind, {}, [], value.value.toString());
    case 'EnumMember':
      return element('EnumMember', {}, [], `${value.type}/${value.member}`);
    case 'Collection':
      return element(
        'Collection',
        {},
        value.values.map((item) => element(value.of, {}, [], item)),
      );
    case 'Record':
      return element(
        'Record',
        {},
        value.properties.map(([Property, inner]) =>
          inner.kind === 'Bool' || inner.kind === 'String'
            ? element('PropertyValue', { Property, ...constant(inner) }, [])
            : element('PropertyValue', { Property }, [expression(inner)]),
        ),
      );
  }
}
