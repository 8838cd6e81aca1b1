import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { metadataXml } from '../../../src/edm/metadata-xml.ts';
import type { EntitySet, Model, NavigationProperty } from '../../../src/edm/model.ts';
import type { SampleRow } from '../../../src/sandbox/sample-rows.ts';
import { StrictFeed } from '../../support/strict-feed.ts';
import { evaluate, type Row } from '../../upstream/conditions.ts';
import { planOf, serve } from '../../upstream/tenant.ts';
import { json } from '../../upstream/told-feed.ts';

/** A whole service over `StrictFeed`: with `$metadata`, rows by key, counts, comparisons and orders. What else it is asked it answers with 501. */
export interface StrictService {
  /** Service root with its final slash. */
  readonly url: string;
  /** Its faults, and the rows of its sets by the feed's own names. */
  readonly feed: StrictFeed;
  close(): Promise<void>;
}

interface StrictShape {
  /** Stands before our names of sets and types, and not before its own. */
  readonly prefix: string;
  /** It declares where its sets lead to, without what is joined, and follows nothing. Otherwise they lead nowhere. */
  readonly navigations: boolean;
}

export async function startStrictService(
  catalogue: Catalogue,
  samples: ReadonlyMap<string, readonly SampleRow[]>,
  { prefix, navigations }: StrictShape,
): Promise<StrictService> {
  const plain = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const metadata = metadataXml(
    plainModel(catalogue.model, { names: [...samples.keys()], plain, navigations }),
    null,
    'feed',
  );
  const ours = new Map([...samples.keys()].map((name) => [plain(name), name]));
  const feed = new StrictFeed(Object.fromEntries([...samples].map(([name, rows]) => [plain(name), rows])));
  feed.choose = (rows, set, options) => {
    const asked = ['$filter', '$orderby'].flatMap((name) => {
      const text = options.get(name);
      return text === null ? [] : [`${name}=${text}`];
    });
    const plan = planOf(`${ours.get(set) ?? set}?${asked.join('&')}`, catalogue);
    if (plan.kind !== 'Collection' || options.has('$expand') || computes.test(options.get('$filter') ?? '')) {
      return null;
    }
    const { filter, orderby } = plan.restriction;
    try {
      const found = rows.filter((row) => filter === null || evaluate(filter, row as Row, 'odata') === true);
      return orderby.reduceRight(
        (sorted, { expression, direction }) =>
          sorted.toSorted((a, b) => {
            const [one, other] = [evaluate(expression, a as Row, 'odata'), evaluate(expression, b as Row, 'odata')];
            return compared(one, other) * (direction === 'desc' ? -1 : 1);
          }),
        found,
      );
    } catch (error) {
      if (error instanceof TypeError) {
        return null;
      }
      throw error;
    }
  };
  const { url, close } = await serve((request, response) => {
    const asked = new URL(request.url ?? '', 'http://127.0.0.1');
    asked.host = request.headers.host ?? '';
    if (asked.pathname.endsWith('$metadata')) {
      response.writeHead(200, { 'Content-Type': 'application/xml' }).end(metadata);
      return;
    }
    const keyOf = (set: string): string => catalogue.model.entitySets.get(ours.get(set) ?? '')?.entityType.key[0] ?? '';
    answer(feed, { request, response, url: asked, keyOf });
  });
  return { url, feed, close };
}

/** A call or arithmetic: this feed compares, and does nothing else. */
const computes = /\b(?!(?:in|not|and|or)\b)\w+\(| (?:add|sub|mul|div|mod) |-\(/;

/** Nulls come first. */
const compared = (a: Row[string] | undefined, b: Row[string] | undefined): number =>
  a === b ? 0 : a === null || (b !== null && (a ?? 0) < (b ?? 0)) ? -1 : 1;

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** The first property of the key of a set. */
  readonly keyOf: (set: string) => string;
}

/** A row by its key, or a count, is asked of the collection. */
function answer(feed: StrictFeed, { request, response, url, keyOf }: Asked): void {
  const path = decodeURIComponent(url.pathname);
  const [, counted] = /([^/]+)[/][$]count$/.exec(path) ?? [];
  const [, set, key] = /([^/(]+)[(](.*)[)]$/.exec(path) ?? [];
  if (counted === undefined && (set === undefined || key === undefined)) {
    feed.answer(request, response, url);
    return;
  }
  const name = counted ?? set ?? '';
  const rows = feed.sets[name] ?? [];
  const options = new URLSearchParams(url.searchParams);
  if (key !== undefined) {
    options.set('$filter', keyCondition(key, keyOf(name)));
  }
  const found = feed.choose(rows, name, options);
  if (found === null) {
    json(response, '{"error":{"code":"501","message":"not known"}}', 501);
  } else if (counted !== undefined) {
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end(String(found.length));
  } else if (found[0] === undefined) {
    json(response, '{"error":{"code":"404","message":"no such row"}}', 404);
  } else {
    json(response, JSON.stringify(found[0]));
  }
}

/** `a=1,b='x,y'`, or `'x'` alone, as a condition. */
const keyCondition = (key: string, only: string): string =>
  key
    .split(/,(?=(?:[^']*'[^']*')*[^']*$)/)
    .map((pair) => (/^\w+=/.test(pair) ? pair.replace('=', ' eq ') : `${only} eq ${pair}`))
    .join(' and ');

interface PlainShape {
  readonly names: readonly string[];
  readonly plain: (name: string) => string;
  readonly navigations: boolean;
}

/** Some sets of a model under other names. */
function plainModel(model: Model, { names, plain, navigations }: PlainShape): Model {
  const sets = names.flatMap((name): EntitySet[] => {
    const set = model.entitySets.get(name);
    if (set === undefined) {
      return [];
    }
    const bound = [...set.navigationPropertyBindings].filter(([, target]) => navigations && names.includes(target));
    const led = bound.flatMap(([own]): (readonly [string, NavigationProperty])[] => {
      const navigation = set.entityType.navigationProperties.get(own);
      const target = navigation === undefined ? '' : plain(navigation.target);
      return navigation === undefined ? [] : [[own, { ...navigation, target, join: [] }]];
    });
    const type = plain(set.entityType.name);
    const entityType = { ...set.entityType, name: type, navigationProperties: new Map(led) };
    const bindings = new Map(bound.map(([own, target]) => [own, plain(target)] as const));
    return [{ ...set, name: plain(name), entityType, navigationPropertyBindings: bindings }];
  });
  return {
    namespace: 'Strict',
    container: 'Default',
    entityTypes: new Map(sets.map(({ entityType }) => [entityType.name, entityType])),
    entitySets: new Map(sets.map((set) => [set.name, set])),
  };
}
