import { GatewayError } from '../errors.ts';
import { safeName } from './check-model.ts';
import type { XmlNode } from './read-xml.ts';

/** A part of an upstream's model that is not served, and why. `path` as in its own document. */
export interface Dropped {
  readonly path: string;
  readonly reason: string;
}

/** A named element of a schema, e.g. an EntityType, with its qualified name. */
export interface SchemaElement {
  readonly qualifiedName: string;
  /** Of its schema. Not to be cut from the qualified name: a feed may write a dot into the name itself. */
  readonly namespace: string;
  readonly node: XmlNode;
  readonly kind: string;
}

/** All schemas of one document, with aliases resolved. */
export interface SchemaIndex {
  readonly elements: ReadonlyMap<string, SchemaElement>;
  readonly containers: readonly SchemaElement[];
  /** `Core.Description` by the annotated target, for annotations written outside the element. */
  readonly descriptions: ReadonlyMap<string, string>;
  /** Elements that hold annotations written outside of what they are about, by its path. */
  readonly annotations: ReadonlyMap<string, readonly XmlNode[]>;
  /** A qualified name with its alias replaced by the namespace; other text unchanged. */
  resolve(name: string): string;
  readonly dropped: Dropped[];
}

const typeKinds = new Set(['EntityType', 'ComplexType', 'EnumType', 'TypeDefinition', 'EntityContainer']);
const descriptionTerm = 'Org.OData.Core.V1.Description';

/**
 * Finds the schemas of an `edmx:Edmx` document of version 4.
 * @throws GatewayError UpstreamRefused when the document is another one.
 */
export function indexSchemas(root: XmlNode): SchemaIndex {
  const version = root.attributes.get('Version') ?? 'none';
  if (root.name !== 'Edmx') {
    throw refuse(`its root element is ${root.name}, not edmx:Edmx`);
  }
  if (!/^4\./.test(version)) {
    throw refuse(`its version is ${version}; only OData 4 feeds can be proxied`);
  }
  const schemas = childrenOf(root, 'DataServices').flatMap((services) => childrenOf(services, 'Schema'));
  if (schemas.length === 0) {
    throw refuse('it holds no schema');
  }
  const resolve = resolver(root, schemas);
  const elements = new Map<string, SchemaElement>();
  const descriptions = new Map<string, string>();
  const annotations = new Map<string, XmlNode[]>();
  for (const schema of schemas) {
    const namespace = schema.attributes.get('Namespace') ?? '';
    for (const node of schema.children) {
      const name = node.attributes.get('Name');
      if (typeKinds.has(node.name) && name !== undefined) {
        const qualifiedName = `${namespace}.${name}`;
        if (elements.has(qualifiedName)) {
          throw refuse(`it declares ${qualifiedName} twice`);
        }
        elements.set(qualifiedName, { qualifiedName, namespace, node, kind: node.name });
      }
      const target = node.attributes.get('Target');
      if (node.name === 'Annotations' && target !== undefined) {
        const path = resolveTarget(target, resolve);
        annotations.set(path, [...(annotations.get(path) ?? []), node]);
        const text = descriptionIn(node, resolve);
        if (text !== undefined) {
          descriptions.set(path, text);
        }
      }
    }
  }
  const containers = [...elements.values()].filter((element) => element.kind === 'EntityContainer');
  return { elements, containers, descriptions, annotations, resolve, dropped: [] };
}

export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return node.children.filter((child) => child.name === name);
}

/** The `Core.Description` written inside an element, else the one that targets `path` from outside. */
export function descriptionOf(node: XmlNode, path: string, index: SchemaIndex): { description?: string } {
  const description = descriptionIn(node, index.resolve) ?? index.descriptions.get(path);
  return description === undefined || description === '' ? {} : { description };
}

/** The annotation by a term that is written inside an element, else one that targets `path` from outside. */
export function annotationOf(node: XmlNode, path: string, term: string, index: SchemaIndex): XmlNode | undefined {
  const holders = [node, ...(index.annotations.get(path) ?? [])];
  return holders
    .flatMap((holder) => childrenOf(holder, 'Annotation'))
    .find(({ attributes }) => index.resolve(attributes.get('Term') ?? '') === term && !attributes.has('Qualifier'));
}

/** true when clients of ours take the name; else the part is put on the list of dropped ones. */
export function isServable(name: string, path: string, index: SchemaIndex): boolean {
  if (safeName.test(name)) {
    return true;
  }
  index.dropped.push({ path, reason: `the name does not match ${safeName.source}` });
  return false;
}

export function refuse(reason: string): GatewayError {
  return new GatewayError('UpstreamRefused', `The metadata document cannot be used: ${reason}.`);
}

function descriptionIn(node: XmlNode, resolve: SchemaIndex['resolve']): string | undefined {
  for (const annotation of childrenOf(node, 'Annotation')) {
    const term = annotation.attributes.get('Term') ?? '';
    if (resolve(term) !== descriptionTerm || annotation.attributes.has('Qualifier')) {
      continue;
    }
    return annotation.attributes.get('String') ?? childrenOf(annotation, 'String')[0]?.text;
  }
  return undefined;
}

function resolver(root: XmlNode, schemas: readonly XmlNode[]): SchemaIndex['resolve'] {
  const includes = childrenOf(root, 'Reference').flatMap((reference) => childrenOf(reference, 'Include'));
  const aliases = new Map<string, string>();
  for (const node of [...includes, ...schemas]) {
    const alias = node.attributes.get('Alias');
    const namespace = node.attributes.get('Namespace');
    if (alias !== undefined && namespace !== undefined) {
      aliases.set(alias, namespace);
    }
  }
  return (name) => {
    const dot = name.lastIndexOf('.');
    const namespace = aliases.get(name.slice(0, Math.max(dot, 0)));
    return namespace === undefined ? name : `${namespace}${name.slice(dot)}`;
  };
}

/** `Alias.Type/Member`: only the part before the slash is qualified. */
function resolveTarget(target: string, resolve: SchemaIndex['resolve']): string {
  const slash = target.indexOf('/');
  return slash < 0 ? resolve(target) : `${resolve(target.slice(0, slash))}${target.slice(slash)}`;
}
