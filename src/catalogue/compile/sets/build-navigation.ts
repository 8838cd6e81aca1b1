import type { JoinPair, NavigationProperty } from '../../../edm/model.ts';
import { type DraftIndex, resolveSetName, type SetDraft } from '../documents/draft.ts';
import type { FaultPath } from '../documents/fault.ts';
import type { PropertyEntry } from '../schema/schema.ts';

/** A to-one relation that a document states, with the names it will have on both sides. */
interface Relation {
  readonly owner: SetDraft;
  readonly target: SetDraft;
  readonly name: string;
  /** null: the target gets no collection. */
  readonly partner: string | null;
  readonly join: readonly JoinPair[];
  readonly description: string | undefined;
  readonly path: FaultPath;
}

/** Navigation properties and their bindings, by entity set name. */
export type Navigations = ReadonlyMap<
  string,
  ReadonlyMap<string, { readonly property: NavigationProperty; readonly set: string }>
>;

type Found = Map<string, Map<string, { property: NavigationProperty; set: string }>>;

/**
 * Every reference becomes a navigation property to one on the set that holds it and a collection on its target
 * (CSDL 4.0, 7), whichever source the two are of: where one query cannot follow it, the gateway joins by key.
 */
export function buildNavigation(index: DraftIndex): Navigations {
  const found: Found = new Map();
  for (const draft of index.sets.values()) {
    for (const relation of relationsOf(draft, index)) {
      const { owner, target, name, partner, join, description } = relation;
      const forward: NavigationProperty = {
        kind: 'NavigationProperty',
        name,
        target: target.typeName,
        collection: false,
        nullable: !alwaysExists(relation, index),
        ...(partner === null ? {} : { partner }),
        join,
        ...(description === undefined ? {} : { description }),
      };
      const added = add(found, { on: owner, relation, property: forward, set: target.setName });
      if (!added || partner === null) {
        continue;
      }
      const backward: NavigationProperty = {
        kind: 'NavigationProperty',
        name: partner,
        target: owner.typeName,
        collection: true,
        nullable: false,
        partner: name,
        join: join.map((pair) => ({ property: pair.referencedProperty, referencedProperty: pair.property })),
        description: `Rows of ${owner.setName} whose ${name} is this one.`,
      };
      add(found, { on: target, relation, property: backward, set: owner.setName });
    }
  }
  return found;
}

/**
 * Whether every row leads somewhere: its target is derived, in the same transaction, from the very properties that lead there, or it is
 * itself made from a row of its target. Rows of files can name what no file tells.
 */
function alwaysExists({ owner, target, join }: Relation, index: DraftIndex): boolean {
  const required = join.every(({ property }) => isRequired(owner, property));
  if (!required) {
    return false;
  }
  const named = (draft: SetDraft, reference: string): string | null => resolveSetName(index, draft.source, reference);
  const { bridge } = owner.entry;
  if (owner.form === 'bridge' && bridge !== undefined && named(owner, bridge.from) === target.setName) {
    const ours = new Map(Object.entries(bridge.parent));
    if (join.every((pair) => ours.get(pair.referencedProperty) === pair.property)) {
      return true;
    }
  }
  if (target.form !== 'dimension') {
    return false;
  }
  return (target.entry.dimension ?? []).some(({ set, columns }) => {
    const theirs = (name: string): string | undefined => (columns === undefined ? name : columns[name]);
    const told = join.every((pair) => theirs(pair.referencedProperty) === pair.property);
    return told && named(target, set) === owner.setName;
  });
}

const isRequired = ({ entry }: SetDraft, name: string): boolean =>
  !(entry.properties[name]?.nullable ?? !entry.key.includes(name));

interface Addition {
  readonly on: SetDraft;
  readonly relation: Relation;
  readonly property: NavigationProperty;
  readonly set: string;
}

function add(found: Found, { on, relation, property, set }: Addition): boolean {
  const names = found.get(on.setName) ?? new Map<string, { property: NavigationProperty; set: string }>();
  found.set(on.setName, names);
  const folded = property.name.toLowerCase();
  const taken = [...Object.keys(on.entry.properties), ...names.keys()].find((name) => name.toLowerCase() === folded);
  if (taken === undefined) {
    names.set(property.name, { property, set });
    return true;
  }
  const message = `The navigation property ${property.name} would meet ${taken} on ${on.setName}.`;
  relation.owner.report(relation.path, message, `Name it with "${property.collection ? 'partner' : 'as'}".`);
  return false;
}

function relationsOf(draft: SetDraft, index: DraftIndex): readonly Relation[] {
  const relations: Relation[] = [];
  const keep = (relation: Relation | null): void => {
    if (relation !== null) {
      relations.push(relation);
    }
  };
  for (const [name, entry] of Object.entries(draft.entry.properties)) {
    if (entry.references !== undefined) {
      keep(referenceRelation(draft, index, { name, entry }));
    }
    if (entry.codeList !== undefined) {
      keep(codeListRelation(draft, index, { name, entry }));
    }
  }
  for (const [name, entry] of Object.entries(draft.entry.navigation ?? {})) {
    const path = ['navigation', name] as const;
    const target = targetOf(draft, index, { reference: entry.set, path: [...path, 'set'] });
    if (target === null) {
      continue;
    }
    const join = Object.entries(entry.join).map(([property, referencedProperty]) => ({ property, referencedProperty }));
    if (!joins(draft, target, { join, path: [...path, 'join'] })) {
      continue;
    }
    const partner = entry.oneWay === true ? null : (entry.partner ?? partnerName(draft, target, name));
    keep({ owner: draft, target, name, partner, join, description: entry.description, path });
  }
  return relations;
}

interface NamedEntry {
  readonly name: string;
  readonly entry: PropertyEntry;
}

function referenceRelation(draft: SetDraft, index: DraftIndex, { name, entry }: NamedEntry): Relation | null {
  const given = typeof entry.references === 'string' ? { set: entry.references } : entry.references;
  if (given === undefined) {
    return null;
  }
  const path = ['properties', name, 'references'] as const;
  const target = targetOf(draft, index, { reference: given.set, path });
  if (target === null) {
    return null;
  }
  const join = wholeKeyJoin(draft, target, { name, path });
  if (join === null) {
    return null;
  }
  const as = given.as ?? navigationName(name, target);
  return {
    owner: draft,
    target,
    name: as,
    partner: given.oneWay === true ? null : (given.partner ?? partnerName(draft, target, as)),
    join,
    description: entry.description,
    path,
  };
}

function codeListRelation(draft: SetDraft, index: DraftIndex, { name, entry }: NamedEntry): Relation | null {
  const path = ['properties', name, 'codeList'] as const;
  const target = targetOf(draft, index, { reference: entry.codeList ?? '', path });
  if (target === null) {
    return null;
  }
  if (target.form !== 'rows') {
    draft.report(
      path,
      `${target.setName} is no code list.`,
      'Name a set that has rows in its file, or use references.',
    );
    return null;
  }
  const join = wholeKeyJoin(draft, target, { name, path });
  if (join === null) {
    return null;
  }
  const key = target.entry.key[0] ?? '';
  const members = (target.entry.rows ?? []).flatMap((row) => (row[key] === undefined ? [] : [String(row[key])]));
  if (!members.includes(entry.example)) {
    const message = `"${entry.example}" is not in the code list ${target.setName}.`;
    draft.report(['properties', name, 'example'], message, `Use one of: ${members.slice(0, 8).join(', ')}.`);
  }
  const short = name.replace(/Code$/, '');
  const as = short === name ? `${upperFirst(name)}Lookup` : upperFirst(short);
  const partner = upperFirst(short) + draft.entry.set;
  return { owner: draft, target, name: as, partner, join, description: `Entry of the code list for ${name}.`, path };
}

interface TargetPlace {
  readonly reference: string;
  readonly path: FaultPath;
}

function targetOf(draft: SetDraft, index: DraftIndex, { reference, path }: TargetPlace): SetDraft | null {
  const name = resolveSetName(index, draft.source, reference);
  const target = name === null ? undefined : index.sets.get(name);
  if (target !== undefined) {
    return target;
  }
  if (name === null || !index.faulty.has(name)) {
    draft.report(path, `There is no set "${reference}".`, 'Name a set of this source, or <source>.<set>.');
  }
  return null;
}

interface Joined {
  readonly join: readonly JoinPair[];
  readonly path: FaultPath;
}

function wholeKeyJoin(
  draft: SetDraft,
  target: SetDraft,
  at: { name: string; path: FaultPath },
): readonly JoinPair[] | null {
  const [key, ...more] = target.entry.key;
  if (key === undefined || more.length > 0) {
    const message = `The key of ${target.setName} is ${target.entry.key.join(', ')}, one property cannot hold it.`;
    draft.report(at.path, message, 'State the relation under navigation, with a join over the whole key.');
    return null;
  }
  const join = [{ property: at.name, referencedProperty: key }];
  return joins(draft, target, { join, path: at.path }) ? join : null;
}

/** A join must cover the target's whole key with properties of the same types. */
function joins(draft: SetDraft, target: SetDraft, { join, path }: Joined): boolean {
  const covered = target.entry.key.filter((key) => join.some((pair) => pair.referencedProperty === key));
  if (covered.length !== target.entry.key.length || join.length !== target.entry.key.length) {
    const message = `The join does not match the key of ${target.setName}: ${target.entry.key.join(', ')}.`;
    draft.report(path, message, 'Join each key property of the target once, and nothing else.');
    return false;
  }
  for (const pair of join) {
    const ours = draft.entry.properties[pair.property];
    const theirs = target.entry.properties[pair.referencedProperty];
    if (ours === undefined) {
      draft.report(path, `There is no property ${pair.property}.`, 'Name a property of this file.');
      return false;
    }
    if (theirs !== undefined && ours.type !== theirs.type) {
      const message = `${pair.property} is ${ours.type}, ${target.setName}.${pair.referencedProperty} is ${theirs.type}.`;
      draft.report(path, message, 'Give both the same type.');
      return false;
    }
  }
  return true;
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const localEntity = (draft: SetDraft): string => draft.entry.entity ?? draft.entry.set;

/** `HandlerUserId` leads to `HandlerUser`; a property that is not named as an id gets the target's name behind it. */
function navigationName(property: string, target: SetDraft): string {
  const short = property.replace(/(Id|ID|Key|Code)$/, '');
  return upperFirst(short === property || short === '' ? property + localEntity(target) : short);
}

/** `Cases` where the relation has the target's own name, else `HandlerUserCases`. */
function partnerName(owner: SetDraft, target: SetDraft, name: string): string {
  const set = owner.source === target.source ? owner.entry.set : owner.setName;
  return name === localEntity(target) ? set : name + set;
}
