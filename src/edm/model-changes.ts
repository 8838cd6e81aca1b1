import type { EntitySet, Model, NavigationProperty, Property } from './model.ts';

/** What is different in a later model of the same feed, a sentence each: sets, properties, keys and navigations by their names. */
export function modelChanges(before: Model, after: Model): readonly string[] {
  return changesOf(before.entitySets, after.entitySets, { what: 'The set', within: '', changes: setChanges });
}

interface Kind<T> {
  readonly what: string;
  /** ` of X`, behind the name. */
  readonly within: string;
  readonly changes: (before: T, after: T, name: string) => readonly string[];
}

function changesOf<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  { what, within, changes }: Kind<T>,
): readonly string[] {
  const gone = [...before.keys()].filter((name) => !after.has(name));
  return [
    ...gone.map((name) => `${what} ${name}${within} is gone.`),
    ...[...after].flatMap(([name, now]) => {
      const then = before.get(name);
      return then === undefined ? [`${what} ${name}${within} is new.`] : changes(then, now, name);
    }),
  ];
}

function setChanges(before: EntitySet, after: EntitySet, set: string): readonly string[] {
  const within = ` of ${set}`;
  const [then, now] = [before.entityType, after.entityType];
  const key =
    then.key.join(', ') === now.key.join(', ')
      ? []
      : [`The key${within} is ${now.key.join(', ')}, was ${then.key.join(', ')}.`];
  const properties = changesOf(then.properties, now.properties, {
    what: 'The property',
    within,
    changes: (one: Property, other: Property, name) =>
      becameOther(`The property ${name}${within}`, typeText(one), typeText(other)),
  });
  const navigations = changesOf(then.navigationProperties, now.navigationProperties, {
    what: 'The navigation property',
    within,
    changes: (one: NavigationProperty, other: NavigationProperty, name) =>
      becameOther(`The navigation property ${name}${within}`, leadsTo(before, one), leadsTo(after, other)),
  });
  return [...key, ...properties, ...navigations];
}

const becameOther = (what: string, before: string, after: string): readonly string[] =>
  before === after ? [] : [`${what} is ${after}, was ${before}.`];

function typeText({ type, collection, nullable, maxLength, precision, scale, enumeration }: Property): string {
  const members = enumeration === undefined ? '' : ` of ${[...enumeration.members.keys()].join(', ')}`;
  const facets = Object.entries({ maxLength, precision, scale }).filter(([, value]) => value !== undefined);
  const said = facets.map(([name, value]) => ` ${name} ${String(value)}`).join('');
  return `${collection ? `Collection(${type})` : type}${said}${members}${nullable ? '' : ', never null'}`;
}

const leadsTo = ({ navigationPropertyBindings }: EntitySet, { name, collection }: NavigationProperty): string =>
  `${collection ? 'to many' : 'to one'} of ${navigationPropertyBindings.get(name) ?? 'no set'}`;
