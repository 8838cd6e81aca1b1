import type { EntitySet } from '../../../../src/edm/model.ts';
import { chosenSets, madeUpRows } from './made-up-rows.ts';
import type { Picker } from './picker.ts';
import { condition, isNumeric, literal, navigationsOf, valuesOf } from './random-conditions.ts';

const encode = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%24', '$');

const propertyNames = (set: EntitySet): readonly string[] => [...set.entityType.properties.keys()];

/** Paths to a single value: own properties, and those of what a row leads to. */
function pathOf(set: EntitySet, pick: Picker): string {
  const ways = navigationsOf(set).filter(({ collection }) => !collection);
  if (ways.length === 0 || pick.chance(0.6)) {
    return pick.of(propertyNames(set));
  }
  const { name, to } = pick.of(ways);
  return `${name}/${pick.of(propertyNames(to))}`;
}

function orderOf(set: EntitySet, pick: Picker): string {
  const counted = navigationsOf(set).filter(({ collection }) => collection);
  const item = counted.length > 0 && pick.chance(0.2) ? `${pick.of(counted).name}/$count` : pathOf(set, pick);
  return `${item}${pick.of(['', ' desc', ' asc'])}`;
}

function computed(set: EntitySet, pick: Picker): string {
  const path = pathOf(set, pick);
  const name = path.split('/').at(-1) ?? '';
  const numbers = [...set.entityType.properties.values()].filter(isNumeric);
  const texts = [...set.entityType.properties.values()].filter(({ type }) => type === 'Edm.String');
  const forms = [`${path} eq null`, `cast(${path},Edm.String)`, ...(name === path ? [path] : [])];
  const number = numbers.length === 0 ? [] : [`${pick.of(numbers).name} add ${pick.upTo(3)}`];
  const text =
    texts.length === 0
      ? []
      : [`concat(${pick.of(texts).name},'-')`, `length(${pick.of(texts).name})`, `toupper(${pick.of(texts).name})`];
  return pick.of([...forms, ...number, ...text, ...text]);
}

/** Options of a collection as single texts; in an `$expand` they stand between semicolons. */
function optionsOf(set: EntitySet, pick: Picker, depth: number): readonly string[] {
  const options: string[] = [];
  const add = (probability: number, make: () => string): void => {
    if (pick.chance(probability)) {
      options.push(make());
    }
  };
  add(0.4, () => `$filter=${condition(set, pick)}`);
  add(0.3, () => `$orderby=${orderOf(set, pick)}${pick.chance(0.3) ? `,${orderOf(set, pick)}` : ''}`);
  add(0.2, () => `$top=${pick.upTo(6)}`);
  add(0.15, () => `$skip=${pick.upTo(4)}`);
  add(0.3, () => '$count=true');
  add(0.1, () => `$search=${pick.of(['jan', 'Jansen', 'NOT jan', 'jan OR 12', '"O\'Neil"', 'characters'])}`);
  const select = pick.upTo(5);
  if (select === 0) {
    options.push(`$compute=${computed(set, pick)} as X`, `$select=${pick.of(propertyNames(set))},X`);
  } else if (select < 3) {
    const names = pick.subset(propertyNames(set), 0.15);
    options.push(`$select=${pick.of([names.join(), names.join(), '*', `${names.join()},*`])}`);
  }
  if (depth > 0) {
    add(0.35, () => `$expand=${expandOf(set, pick, depth - 1)}`);
  }
  return options;
}

function expandOf(set: EntitySet, pick: Picker, depth: number): string {
  const ways = navigationsOf(set);
  if (ways.length === 0 || pick.chance(0.1)) {
    return pick.of(['*', '*/$ref', '*($levels=1)']);
  }
  const items = pick.some(ways).map(({ name, collection, to }) => {
    const form = pick.upTo(6);
    if (form === 0) {
      return `${name}/$ref`;
    }
    if (form === 1 && collection) {
      return `${name}/$count`;
    }
    const options = collection
      ? optionsOf(to, pick, depth)
      : optionsOf(to, pick, depth).filter((one) => /^\$(select|compute|expand)=/.test(one));
    return options.length === 0 ? name : `${name}(${options.join(';')})`;
  });
  return items.join();
}

function aggregatesOf(set: EntitySet, pick: Picker): string {
  const numbers = [...set.entityType.properties.values()].filter(isNumeric).map(({ name }) => name);
  const counted = navigationsOf(set).filter(({ collection }) => collection);
  return [
    '$count as N',
    ...(numbers.length > 0 && pick.chance(0.5)
      ? [`${pick.of(numbers)} with ${pick.of(['sum', 'min', 'max', 'average'])} as S`]
      : []),
    ...(pick.chance(0.4) ? [`${pathOf(set, pick)} with countdistinct as D`] : []),
    ...(counted.length > 0 && pick.chance(0.3) ? [`${pick.of(counted).name}/$count as C`] : []),
  ].join();
}

function pipelineOf(set: EntitySet, pick: Picker): string {
  const first = pick.of([
    () => '',
    () => `filter(${condition(set, pick)})/`,
    () => `search(jan)/`,
    () => `topcount(${pick.upTo(4) + 1},${pick.of(propertyNames(set))})/`,
    () => `orderby(${orderOf(set, pick)})/top(5)/`,
  ])();
  const group = (): string => {
    const paths = [...new Set([pathOf(set, pick), ...(pick.chance(0.4) ? [pathOf(set, pick)] : [])])];
    return `groupby((${paths.join()}),aggregate(${aggregatesOf(set, pick)}))`;
  };
  const counted = navigationsOf(set).filter(({ collection }) => collection);
  return (
    first +
    pick.of([
      group,
      group,
      () => `aggregate(${aggregatesOf(set, pick)})`,
      () => `concat(aggregate($count as N),${group()})`,
      () => `groupby((rollup($all,${pick.of(propertyNames(set))})),aggregate($count as N))`,
      () => `compute(${computed(set, pick)} as X)/groupby((X),aggregate($count as N))`,
      () =>
        counted.length === 0
          ? group()
          : `${pick.of(['join', 'outerjoin'])}(${pick.of(counted).name} as M)/aggregate($count as N)`,
      () => `groupby((${pick.of(propertyNames(set))}))`,
    ])()
  );
}

const joined = (options: readonly string[]): string =>
  options.length === 0 ? '' : `?${options.map((one) => encode(one).replace('%3D', '=')).join('&')}`;

/** A key that a row has, or that none has. */
function keyOf(set: EntitySet, pick: Picker): string {
  const { key, properties } = set.entityType;
  const rows = madeUpRows.get(set.name) ?? [];
  const row = rows.length === 0 ? null : pick.of(rows);
  const parts = key.map((part) => {
    const property = properties.get(part);
    const value = row === null ? pick.of(valuesOf(set, part)) : (row[part] ?? null);
    return property === undefined ? '' : `${part}=${literal(value, property)}`;
  });
  const text = parts.length === 1 ? (parts[0] ?? '').replace(/^\w+=/, '') : parts.join();
  return `(${encodeURIComponent(text)})`;
}

function entityPath(set: EntitySet, pick: Picker): string {
  const start = `${set.name}${keyOf(set, pick)}`;
  const ways = navigationsOf(set);
  const own = pick.of(propertyNames(set));
  const plain = ['', `/${own}`, `/${own}/$value`, '/$ref', `?$select=${own}`];
  if (ways.length === 0 || pick.chance(0.4)) {
    return `${start}${pick.of(plain)}`;
  }
  const { name, collection, to } = pick.of(ways);
  const theirs = pick.of(propertyNames(to));
  const further = navigationsOf(to);
  const rest = collection
    ? [
        '',
        '/$count',
        '/$ref',
        `${keyOf(to, pick)}/${theirs}`,
        joined(optionsOf(to, pick, 1)),
        `?$apply=${encode(pipelineOf(to, pick))}`,
      ]
    : ['', '/$ref', `/${theirs}`, `/${theirs}/$value`, ...(further.length === 0 ? [] : [`/${pick.of(further).name}`])];
  return pick.chance(0.2) ? `${start}?$expand=${encode(expandOf(set, pick, 1))}` : `${start}/${name}${pick.of(rest)}`;
}

/** A name with a letter less: what is hidden is not what somebody may have meant. */
const misspelt = (name: string, pick: Picker): string => {
  const at = pick.upTo(name.length - 1);
  return name.slice(0, at) + name.slice(at + 1);
};

function oddOne(set: EntitySet, pick: Picker): string {
  const other = pick.of(chosenSets);
  const own = pick.of(propertyNames(set));
  const ways = navigationsOf(set);
  const way = ways.length === 0 ? 'Nothing' : pick.of(ways).name;
  const both = `${set.name},${other.name}`;
  const numbered = pick.of(propertyNames(other));
  const forms = [
    '',
    '$metadata',
    '$metadata?$format=json',
    `$all${joined(pick.chance(0.5) ? [] : ['$top=5'])}`,
    '$all/$count',
    '$all/$ref?$top=7',
    `$all?$search=jan`,
    `$all/${set.name}`,
    misspelt(set.name, pick),
    `${set.name}?$select=${misspelt(own, pick)}`,
    `${set.name}?$filter=${misspelt(own, pick)}+eq+null`,
    `${set.name}?$expand=${misspelt(way, pick)}`,
    `${set.name}?$orderby=${way}/${misspelt(own, pick)}`,
    `$entity?$id=${set.name}${keyOf(set, pick)}`,
    `$crossjoin(${both})/$count`,
    `$crossjoin(${both})?$filter=${set.name}/${own}+eq+${other.name}/${numbered}&$expand=${set.name},${other.name}($select=${numbered})&$count=true`,
    `$crossjoin(${both})?$apply=groupby((${set.name}/${own}),aggregate($count+as+N))`,
    `${set.name}?$filter=$root/${other.name}${keyOf(other, pick)}/${numbered}+eq+null`,
    `${set.name}?$filter=${own}+in+$root/${other.name}/${numbered}`,
    `${set.name}/$filter(${encode(condition(set, pick))})/$count`,
    `${set.name}/$ref?$top=3`,
  ];
  return pick.of(forms);
}

/** A URL below the service root, most often about a set of `focus`, also for what is hidden, not there or wrong. */
export function requestOf(pick: Picker, focus: readonly EntitySet[]): string {
  const set = pick.of(pick.chance(0.8) ? focus : chosenSets);
  const kind = pick.upTo(9);
  if (kind < 4) {
    return `${set.name}${joined(optionsOf(set, pick, 2))}`;
  }
  if (kind === 4) {
    return `${set.name}/$count${joined(optionsOf(set, pick, 0).filter((one) => /^\$(filter|search)=/.test(one)))}`;
  }
  if (kind < 7) {
    return `${set.name}?$apply=${encode(pipelineOf(set, pick))}`;
  }
  return kind < 9 ? entityPath(set, pick) : oddOne(set, pick);
}
