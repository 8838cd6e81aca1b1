import type { EntitySet, Model, NavigationProperty, Property } from '../../src/edm/model.ts';
import type { Reply } from './readers.ts';

/** A request whose reply the readers are given. */
export interface Shape extends Pick<Reply, 'kind' | 'set' | 'property'> {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same rows are asked for with metadata=full, and the ids in them compared with those that the readers work out. */
  readonly ids?: boolean;
  /** Sent with POST. */
  readonly body?: string;
  /** 404 and 204 are no reply to read: the property is null, or nothing is there. */
  readonly maybe?: boolean;
}

const full = { Accept: 'application/json;odata.metadata=full' };
const ieee = { Accept: 'application/json;odata.metadata=minimal;IEEE754Compatible=true' };
const ordered = (property: Property): boolean =>
  !property.collection && !['Edm.Binary', 'Edm.Boolean', 'Edm.Guid'].includes(property.type);
const summed = ({ type, collection }: Property): boolean => !collection && /Int|Byte|Decimal|Double|Single/.test(type);

/** A set whose replies are read, and its navigations that lead to stored sets. `few`: one of each kind of shape. */
export interface Place {
  readonly set: EntitySet;
  readonly navigations: readonly NavigationProperty[];
  readonly model: Model;
  readonly few: boolean;
}

/** Every shape that the feed offers for one set, over its first rows. */
export function shapesOf({ set, navigations: every, model, few }: Place): readonly Shape[] {
  const { properties, key } = set.entityType;
  const all = [...properties.values()];
  const some = few ? all.slice(0, 3) : all;
  const navigations = every.slice(0, few ? 1 : undefined);
  const { name } = set;
  const rows = (options: string, more: Partial<Shape> = {}): Shape => ({
    url: `${name}?$top=5${options === '' ? '' : `&${options}`}`,
    kind: 'set',
    set: name,
    ...more,
  });
  const notKey = all
    .filter((one) => !key.includes(one.name))
    .slice(0, 3)
    .map((one) => one.name);
  return [
    rows('', { ids: true }),
    rows('', { headers: full }),
    rows('$count=true', { headers: ieee }),
    rows('', { headers: { Prefer: 'omit-values=nulls' } }),
    rows(`$select=${key.join(',')}`, { ids: true }),
    ...(notKey.length === 0 ? [] : [rows(`$select=${notKey.join(',')}`)]),
    { url: `${name}/$ref?$top=3`, kind: 'references' },
    ...(few ? [] : some.filter(ordered)).map((one) => rows(`$orderby=${one.name} desc`, { ids: true })),
    rows(`$compute=${some.map((one, index) => `${one.name} as C${index}`).join(',')}`, { headers: {} }),
    rows(
      `$apply=groupby((${some
        .map((one) => one.name)
        .slice(0, 4)
        .join(',')}))`,
    ),
    ...parts(few ? all.slice(0, 6) : all, 6).map((part) => rows(`$apply=aggregate(${aggregates(part)})`)),
    rows(`$apply=groupby((${some.at(-1)?.name}),aggregate($count as N))`, { headers: full }),
    rows(`$apply=concat(aggregate($count as N),groupby((rollup($all,${key.join(',')}))))`),
    ...navigations.flatMap((navigation) => expansions(navigation, model, rows)),
  ];
}

const parts = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

function aggregates(properties: readonly Property[]): string {
  const items = ['$count as N'];
  for (const one of properties) {
    if (ordered(one)) {
      items.push(`${one.name} with min as Least${one.name}`, `${one.name} with max as Most${one.name}`);
    }
    if (!one.collection) {
      items.push(`${one.name} with countdistinct as Different${one.name}`);
    }
    if (summed(one)) {
      items.push(`${one.name} with sum as Sum${one.name}`, `${one.name} with average as Mean${one.name}`);
    }
  }
  return items.join(',');
}

function expansions(
  { name, target, collection, partner }: NavigationProperty,
  model: Model,
  rows: (options: string, more?: Partial<Shape>) => Shape,
): readonly Shape[] {
  const [key = ''] = model.entityTypes.get(target)?.key ?? [];
  const nested = collection ? [`$expand=${name}($top=2;$count=true;$orderby=${key} desc)`] : [];
  return [
    rows(`$expand=${name}`),
    rows(`$expand=${name}`, { headers: full }),
    rows(`$expand=${name}($select=${key};$compute=${key} as Again)`),
    rows(`$expand=${name}/$ref`),
    ...(partner === undefined ? [] : [rows(`$expand=${name}($expand=${partner}($expand=${name}))`)]),
    ...nested.map((options) => rows(options)),
    ...(collection
      ? [rows(`$expand=${name}($apply=aggregate($count as N))`), rows(`$expand=${name}/$count`)]
      : [
          rows(`$apply=groupby((${name}/${key}),aggregate($count as N))`),
          rows(`$apply=groupby((rollup($all,${name}/${key})),aggregate($count as N))`),
        ]),
  ];
}

/** Shapes of one entity, by the id that a reply with metadata=full gives. */
export function entityShapes({ set, navigations, few }: Place, id: string): readonly Shape[] {
  const { properties } = set.entityType;
  const some = [...properties.values()].slice(0, few ? 3 : undefined);
  return [
    { url: id, kind: 'entity', set: set.name, ids: true },
    { url: id, kind: 'entity', set: set.name, headers: full },
    { url: `${id}/$ref`, kind: 'reference' },
    ...some.flatMap(({ name }): readonly Shape[] => [
      { url: `${id}/${name}`, kind: 'property', set: set.name, property: name, maybe: true },
      { url: `${id}/${name}/$value`, kind: 'value', set: set.name, property: name, maybe: true },
    ]),
    ...navigations.slice(0, few ? 1 : undefined).flatMap(({ name, collection }): readonly Shape[] => {
      const target = set.navigationPropertyBindings.get(name) ?? '';
      return collection
        ? [
            { url: `${id}/${name}?$top=3`, kind: 'set', set: target, ids: true },
            { url: `${id}/${name}/$ref?$top=3`, kind: 'references' },
          ]
        : [
            { url: `${id}/${name}`, kind: 'entity', set: target, ids: true, maybe: true },
            { url: `${id}/${name}/$ref`, kind: 'reference', maybe: true },
          ];
    }),
  ];
}

/** Rows, an error and rows again, in both formats. */
function batches(set: string): readonly Shape[] {
  const urls = [`${set}?$top=2`, 'NoSuchSet', `${set}?$top=1`];
  const requests = urls.map((url, index) => ({ id: String(index), method: 'GET', url }));
  const parts = urls.map((url) =>
    [
      '--b',
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      '',
      `GET ${url} HTTP/1.1`,
      '',
      '',
    ].join('\r\n'),
  );
  const prefer = { Prefer: 'odata.continue-on-error' };
  return [
    {
      url: '$batch',
      kind: 'batch',
      body: JSON.stringify({ requests }),
      headers: { ...prefer, 'Content-Type': 'application/json' },
    },
    {
      url: '$batch',
      kind: 'batch',
      body: `${parts.join('\r\n')}\r\n--b--\r\n`,
      headers: { ...prefer, 'Content-Type': 'multipart/mixed; boundary=b', 'OData-MaxVersion': '4.0' },
    },
  ];
}

/** Shapes of the feed as a whole, given the names of stored sets. */
export const feedShapes = ([one = '', other = '']: readonly string[]): readonly Shape[] => [
  { url: '', kind: 'service' },
  { url: '$all?$top=5', kind: 'set' },
  { url: `$crossjoin(${one},${other})?$top=3`, kind: 'set' },
  ...batches(one),
  { url: 'NoSuchSet', kind: 'error' },
  { url: `${one}?$filter=No eq 1`, kind: 'error' },
  { url: `${one}?$apply=nest(identity as X)`, kind: 'error' },
  { url: `${one}/$each`, kind: 'error' },
  { url: one, kind: 'error', headers: { 'OData-MaxVersion': '3.0' } },
];
