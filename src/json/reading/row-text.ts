import type { EntitySet, EntityType, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { type ExpandPlace, placeInside } from '../../plan/federate/placement.ts';
import { linkedNavigations } from '../../plan/model/linked-navigations.ts';
import type { ExpandPlan, Selection } from '../../plan/model/read-plan.ts';
import { typeAnnotation } from '../cells/cell-form.ts';
import type { JsonFormat } from '../json-format.ts';
import { controlInformation } from './control-information.ts';
import { entityIdOf } from './entity-id.ts';
import { broken, readArray, readObject, stringValue } from './json-scan.ts';
import { nextLinkText } from './next-link-text.ts';
import { ownNames } from './own-names.ts';
import { valueText } from './value-text.ts';

/** How rows are written. */
export type RowFormat = JsonFormat & {
  /** Told when the feed has counted an expanded collection. */
  readonly onNestedCount?: () => void;
  /** Told that a row came without a collection that an `$expand` asked for. */
  readonly onUnexpanded?: (at: ExpandPlace) => void;
};

/**
 * Reads the pages that follow a nested collection, as raw rows; given the upstream's own next link. `most`: rows that are
 * wanted of them, at least one; null: all.
 */
export type FollowNested = (nextLink: string, most: number | null) => Promise<readonly string[]>;

/** Turns one raw row of the upstream into the row we serve. */
export type RowText = (raw: string, follow: FollowNested) => Promise<string>;

type Members = ReadonlyMap<string, string>;

/**
 * Some of these never change from row to row; made once for each plan and level. `url` is the entity's own; empty where
 * its selection is written without control information.
 */
type MemberText = (members: Members, follow: FollowNested, url: string) => string | Promise<string>;

/**
 * The conversion of rows for one selection: exactly the selected properties in declared order, undeclared ones left out,
 * missing ones null, links our own. Each member text begins with a comma or is empty. `within`: the `$expand` that leads to them; null: they are asked for.
 */
export function rowText(selection: Selection, format: RowFormat, within: ExpandPlace | null = null): RowText {
  const linked = format.metadata === 'full' ? linkedNavigations(selection) : [];
  const controlled = format.metadata === 'full' || (format.mixed === true && format.metadata === 'minimal');
  const expanded = new Set(selection.expands.map(({ navigation }) => navigation.name));
  const members: MemberText[] = [
    ...(controlled ? [controlText(selection, format)] : []),
    ...linked.filter((name) => !expanded.has(name)).map(linkText),
    ...selection.properties.map((property) => propertyText(property, format, isKeyOf(selection.type, property))),
    // The links of what is expanded stand immediately before it (OData JSON 4.4).
    ...selection.expands.flatMap((expand) => [
      ...linked.filter((name) => name === expand.navigation.name).map(linkText),
      expandText(expand, format, placeInside(within, selection.set, expand)),
    ]),
  ];
  return writer(members, selection, controlled ? entityUrl(selection.set, format) : () => '');
}

/**
 * Whether an object is a row of the set. What is null may be left out of one, up to the whole row (OData JSON 4.01, 7.1, and
 * services that do so unasked); an object of nothing but other names is none: an error, or a collection.
 */
export function isRowOf({ type, expands }: Pick<Selection, 'type' | 'expands'>): (members: Members) => boolean {
  const expanded = new Set(expands.map(({ navigation }) => navigation.name));
  const isOwn = (name: string): boolean =>
    type.properties.has(name) || type.navigationProperties.has(name) || expanded.has(name);
  return (members) => {
    const names = [...members.keys()].filter((name) => !name.includes('@'));
    return names.length === 0 || names.some(isOwn);
  };
}

/** The conversion of rows to entity references: `{"@odata.id": ...}` alone. */
export function referenceText(selection: Selection, format: RowFormat): RowText {
  return writer(
    [(_members, _follow, url) => `,"@odata.id":${JSON.stringify(url)}`],
    selection,
    entityUrl(selection.set, { root: format.root }),
  );
}

function entityUrl(set: EntitySet, { root, mixed }: Pick<RowFormat, 'root' | 'mixed'>): (members: Members) => string {
  const idOf = entityIdOf(set);
  return mixed === true ? idOf : (members) => root + idOf(members);
}

/** Missing properties are served as null. */
function writer(members: readonly MemberText[], selection: Selection, urlOf: (members: Members) => string): RowText {
  const isRow = isRowOf(selection);
  const own = ownNames(selection.type);
  return async (raw, follow) => {
    const found = own(readObject(raw));
    if (!isRow(found)) {
      throw broken('an object holds no property of its set');
    }
    const url = urlOf(found);
    let text = '';
    for (const member of members) {
      const part = member(found, follow, url);
      text += typeof part === 'string' ? part : await part;
    }
    return `{${text.slice(1)}}`;
  };
}

function controlText(selection: Selection, format: RowFormat): MemberText {
  const type = `,"@odata.type":"#${format.namespace}.${selection.type.name}"`;
  // Among rows of several sets each says its own; ids are relative to it then.
  const context =
    format.mixed === true
      ? `,"@odata.context":${JSON.stringify(`${format.root}$metadata#${selection.set.name}/$entity`)}`
      : '';
  return (_members, _follow, url) => `${context}${type},"@odata.id":${JSON.stringify(url)}`;
}

/** `Nav@odata.associationLink` and `Nav@odata.navigationLink` (OData JSON 8.1, 8.2), as stored rows have them. */
function linkText(name: string): MemberText {
  const segment = encodeURIComponent(name);
  const [association, navigation] = ['associationLink', 'navigationLink'].map(
    (kind) => `,${JSON.stringify(`${name}@odata.${kind}`)}:`,
  );
  return (_members, _follow, url) =>
    `${association}${JSON.stringify(`${url}/${segment}/$ref`)}${navigation}${JSON.stringify(`${url}/${segment}`)}`;
}

/** Whether a row without this value is none: nobody could name it, or tell it from others. */
export const isKeyOf = ({ key }: Pick<EntityType, 'key'>, { name, nullable }: Property): boolean =>
  key.includes(name) && !nullable;

function propertyText(property: Property, format: RowFormat, isKey: boolean): MemberText {
  const convert = valueText(property, format.ieee754Compatible);
  const annotation = format.metadata === 'full' ? annotationText(property) : '';
  const real = format.metadata === 'full' && property.type === 'Edm.Double' && !property.collection;
  const name = `,${JSON.stringify(property.name)}:`;
  const absent = property.collection ? '[]' : 'null';
  return (members) => {
    const served = convert(members.get(property.name) ?? absent);
    if (served === 'null' && isKey) {
      throw broken(`a row has no ${property.name}, which is of its key`);
    }
    if (served === 'null' && format.omitNulls) {
      return '';
    }
    // INF, -INF and NaN are strings and say what they are (OData JSON 4.5.3).
    const typed =
      real && served.startsWith('"') ? `,${JSON.stringify(`${property.name}@odata.type`)}:"#Double"` : annotation;
    return `${typed}${name}${served}`;
  };
}

/** `@odata.type` of a value whose JSON form does not tell its type (OData JSON 4.0, 4.5.3). */
function annotationText({ name, type, collection }: Property): string {
  const told = typeAnnotation(type, collection);
  return told === null ? '' : `,${JSON.stringify(`${name}@odata.type`)}:"${told}"`;
}

function expandText(expand: ExpandPlan, format: RowFormat, at: ExpandPlace): MemberText {
  const { name, collection } = expand.navigation;
  const key = `,${JSON.stringify(name)}:`;
  const counted = (members: Members): string | null => {
    const raw = controlInformation(members, 'count', name);
    if (raw !== undefined) {
      format.onNestedCount?.();
    }
    return raw === undefined ? null : (stringValue(raw) ?? raw);
  };
  const countText = (count: string): string => `,${JSON.stringify(`${name}@odata.count`)}:${count}`;
  // There are feeds that leave out the count of an expanded collection: then its rows are counted, if all of them came.
  const { top, skip } = expand.restriction;
  const countOf = (members: Members, rows: () => number): string => {
    const told = counted(members);
    if (told !== null) {
      return countText(told);
    }
    if (top === null && skip === null) {
      return countText(String(rows()));
    }
    throw new GatewayError(
      'NotImplemented',
      `The proxied feed leaves out the count of ${name} that was asked for beside $top or $skip; leave $count or these out.`,
      { feature: 'proxied', target: name },
    );
  };
  const missing = (): GatewayError => {
    format.onUnexpanded?.(at);
    return broken(`the expanded ${name} is missing`);
  };
  if (expand.form === 'count') {
    return async (members, follow) => {
      const told = counted(members);
      if (told !== null) {
        return countText(told);
      }
      if (!members.has(name)) {
        throw missing();
      }
      const { length } = await nestedRows(members, name, { follow, most: null });
      return countOf(members, () => length);
    };
  }
  const row = expand.form === 'ref' ? referenceText(expand.selection, format) : rowText(expand.selection, format, at);
  return async (members, follow) => {
    // Some feeds leave an empty to-one navigation out; a missing collection is a fault, for its rows would be lost.
    const raw = members.get(name) ?? (collection ? undefined : 'null');
    if (raw === undefined) {
      throw missing();
    }
    if (!collection) {
      if (raw === 'null') {
        return format.omitNulls ? '' : `${key}null`;
      }
      return `${key}${await row(raw, follow)}`;
    }
    const rows: string[] = [];
    for (const one of await nestedRows(members, name, { follow, most: top })) {
      rows.push(await row(one, follow));
    }
    return `${expand.restriction.count ? countOf(members, () => rows.length) : ''}${key}[${rows.join(',')}]`;
  };
}

interface NestedRead {
  readonly follow: FollowNested;
  /** As `$top` says; null: all. */
  readonly most: number | null;
}

/**
 * The raw rows of an expanded collection, and no more than `most`, whatever the feed does with `$top`. The rest of a long one
 * is fetched here: clients that ignore its link would lose rows.
 */
async function nestedRows(members: Members, name: string, { follow, most }: NestedRead): Promise<readonly string[]> {
  const rows = readArray(members.get(name) ?? '[]');
  if (most !== null && rows.length >= most) {
    return rows.slice(0, most);
  }
  const next = nextLinkText(controlInformation(members, 'nextLink', name));
  return [...rows, ...(next === null ? [] : await follow(next, most === null ? null : most - rows.length))];
}
