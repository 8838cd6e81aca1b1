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
import type { EntitySet, EntityType, Model, NavigationProperty, Property } from './model.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/**
 * `$metadata` as CSDL JSON 4.01, the same facts in the same order as `metadataXml`. An object ready for `JSON.stringify`.
 */
export function metadataJson(model: Model, capabilities: FeedCapabilities | null = null): Record<string, unknown> {
  return {
    $Version: '4.01',
    $EntityContainer: `${model.namespace}.${model.container}`,
    $Reference: Object.fromEntries(
      vocabulariesOf(capabilities).map((name) => [vocabularyUri(name, 'json'), { $Include: [{ $Namespace: name }] }]),
    ),
    [model.namespace]: {
      ...Object.fromEntries([...model.entityTypes.values()].map((type) => [type.name, entityType(type, model)])),
      [model.container]: {
        $Kind: 'EntityContainer',
        ...Object.fromEntries(
          [...model.entitySets.values()].map((set) => [set.name, entitySet(set, model, capabilities)]),
        ),
        ...annotated(capabilities === null ? [] : feedAnnotations(capabilities)),
      },
    },
  };
}

function entityType(type: EntityType, model: Model): Json {
  return {
    $Kind: 'EntityType',
    $Key: type.key,
    ...Object.fromEntries([...type.properties.values()].map((member) => [member.name, property(member)])),
    ...Object.fromEntries(
      [...type.navigationProperties.values()].map((member) => [member.name, navigationProperty(member, type, model)]),
    ),
    ...annotated(description(type.description)),
  };
}

function property(property: Property): Json {
  const facets = facetsOf(property);
  return {
    // Edm.String and variable scale are what absence means in CSDL JSON (4.01, 7 and 7.2.4).
    $Type: property.type === 'Edm.String' ? undefined : property.type,
    $Collection: property.collection ? true : undefined,
    $Nullable: property.nullable ? true : undefined,
    $MaxLength: facets.maxLength,
    $Precision: facets.precision,
    $Scale: facets.scale === 'variable' ? undefined : facets.scale,
    ...annotated(propertyAnnotations(property)),
  };
}

function navigationProperty(navigation: NavigationProperty, owner: EntityType, model: Model): Json {
  const target = model.entityTypes.get(navigation.target);
  const constrained = target !== undefined && hasReferentialConstraint(navigation, target, owner);
  return {
    $Kind: 'NavigationProperty',
    $Collection: navigation.collection ? true : undefined,
    // Absence says the same as false (CSDL JSON 4.01, 8.2), and .NET takes it for true.
    $Nullable: navigation.collection ? undefined : navigation.nullable,
    $Partner: navigation.partner,
    $Type: `${model.namespace}.${navigation.target}`,
    $ReferentialConstraint: constrained
      ? Object.fromEntries(navigation.join.map((pair) => [pair.property, pair.referencedProperty]))
      : undefined,
    ...annotated(description(navigation.description)),
  };
}

function entitySet(set: EntitySet, model: Model, capabilities: FeedCapabilities | null): Json {
  const stated = capabilities === null ? [] : setAnnotations(capabilities.sets.get(set.name));
  return {
    $Collection: true,
    $Type: `${model.namespace}.${set.entityType.name}`,
    $NavigationPropertyBinding:
      set.navigationPropertyBindings.size > 0 ? Object.fromEntries(set.navigationPropertyBindings) : undefined,
    ...annotated([...description(set.description), ...stated]),
  };
}

function annotated(annotations: readonly Annotation[]): Record<string, Json> {
  return Object.fromEntries(annotations.map(({ term, value }) => [`@${term}`, expression(value)]));
}

function expression(value: AnnotationValue): Json {
  switch (value.kind) {
    case 'Bool':
    case 'String':
      return value.value;
    case 'EnumMember':
      return value.member;
    case 'Collection':
      return value.values;
    case 'Record':
      return Object.fromEntries(value.properties.map(([name, inner]) => [name, expression(inner)]));
  }
}
