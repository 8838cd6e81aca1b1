import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Catalogue, Source } from '../catalogue/catalogue.ts';
import { metadataXml } from '../edm/metadata-xml.ts';
import type { EntitySet, Model, NavigationProperty } from '../edm/model.ts';
import { type SandboxRow, UnsupportedExpression } from './evaluate-token.ts';
import { type EmptyClass, sandboxLibrary, type Token } from './library.ts';
import { withEnumerations } from './sample-enumerations.ts';
import { isProxied, type SampleRow, type SampleSize, sampleRows } from './sample-rows.ts';
import { selectRows } from './select-rows.ts';

const { Edm, HttpRequestError, ODataController, ODataServer, odata } = sandboxLibrary;

const namespace = 'Sandbox';

/** A running stand-in tenant. */
export interface Sandbox {
  /** Service root with a trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for a proxied feed on 127.0.0.1 and a free port: its documented sets, without our prefix, with sample
 * rows that are the same for the same seed. The OData server is `odata-v4-server`, an implementation that is not ours;
 * what it can do is in docs/decisions-sandbox.md.
 */
export async function startSandbox(catalogue: Catalogue, sourceName: string, size: SampleSize): Promise<Sandbox> {
  const tenant = new Tenant(catalogue, sourceName, size);
  const server = tenant.server().create('/', 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The sets of one source with their rows and the classes the library wants. */
class Tenant {
  readonly #source: Source;
  readonly #rows: ReadonlyMap<string, readonly SampleRow[]>;
  readonly #sets: readonly EntitySet[];
  readonly #types = new Map<string, EmptyClass>();

  constructor(catalogue: Catalogue, sourceName: string, size: SampleSize) {
    const source = catalogue.sources.get(sourceName);
    if (source === undefined) {
      throw new TypeError(`there is no source ${sourceName}`);
    }
    this.#source = source;
    this.#rows = sampleRows(catalogue, sourceName, size);
    this.#sets = [...catalogue.model.entitySets.values()]
      .filter((set) => isProxied(catalogue, set.name, sourceName))
      .map((set) => withEnumerations(set, catalogue, (name) => `${namespace}.${this.#plain(name)}`));
  }

  server() {
    const server = class extends ODataServer {} as typeof ODataServer;
    odata.namespace(namespace)(server);
    for (const set of this.#sets) {
      this.#types.set(set.name, named(class {}, this.#plain(set.entityType.name)));
    }
    for (const set of this.#sets) {
      this.#describe(set);
    }
    for (const set of this.#sets) {
      odata.controller(this.#controller(set), this.#plain(set.name))(server);
    }
    publish(server, metadataXml(this.#model(), null, 'feed'));
    return server;
  }

  /** The documented model of this source alone, under plain names. */
  #model(): Model {
    const types = new Map(
      this.#sets.map((set) => {
        const name = this.#plain(set.entityType.name);
        const navigations = this.#navigations(set).map(([one, target]) => {
          const { partner, ...rest } = one;
          const back = this.#navigations(target).some(([other]) => other.name === partner);
          const named = { ...rest, target: this.#plain(one.target) };
          return [one.name, back && partner !== undefined ? { ...named, partner } : named] as const;
        });
        return [name, { ...set.entityType, name, navigationProperties: new Map(navigations) }] as const;
      }),
    );
    const sets = this.#sets.map((set): EntitySet => {
      const bindings = this.#navigations(set).map(([one, target]) => [one.name, this.#plain(target.name)] as const);
      const entityType = types.get(this.#plain(set.entityType.name)) ?? set.entityType;
      return { ...set, name: this.#plain(set.name), entityType, navigationPropertyBindings: new Map(bindings) };
    });
    const entitySets = new Map(sets.map((set) => [set.name, set]));
    return { namespace, container: 'Default', entityTypes: types, entitySets };
  }

  /** A name without our prefix, as the real feed would have it. */
  #plain(name: string): string {
    return name.startsWith(this.#source.prefix) ? name.slice(this.#source.prefix.length) : name;
  }

  #describe(set: EntitySet): void {
    const { prototype } = this.#classOf(set);
    for (const property of set.entityType.properties.values()) {
      const type = property.type.slice('Edm.'.length);
      const decorate = Edm[type];
      if (decorate === undefined) {
        throw new TypeError(`the sandbox has no type ${type}`);
      }
      if (set.entityType.key.includes(property.name)) {
        Edm.Key(prototype, property.name);
      }
      if (property.collection) {
        Edm.Collection(decorate)(prototype, property.name);
      } else {
        decorate(prototype, property.name);
      }
    }
    for (const [navigation, target] of this.#navigations(set)) {
      const type = Edm.EntityType(Edm.ForwardRef(() => this.#classOf(target)));
      if (navigation.collection) {
        Edm.Collection(type)(prototype, navigation.name);
      } else {
        type(prototype, navigation.name);
      }
    }
  }

  #classOf(set: EntitySet): EmptyClass {
    return this.#types.get(set.name) ?? class {};
  }

  /** Navigations that stay inside of this source and have a join. */
  #navigations(set: EntitySet): readonly (readonly [NavigationProperty, EntitySet])[] {
    return [...set.entityType.navigationProperties.values()].flatMap((navigation) => {
      const target = this.#sets.find((one) => one.name === set.navigationPropertyBindings.get(navigation.name));
      return target === undefined || navigation.join.length === 0 ? [] : [[navigation, target] as const];
    });
  }

  #controller(set: EntitySet): EmptyClass {
    const controller = named(class extends ODataController {}, `${this.#plain(set.name)}Controller`);
    const { prototype } = controller;
    const all = this.#sandboxRows(set);
    const { key } = set.entityType;
    // The library reads the parameter names out of the text of these functions.
    define(prototype, 'find', (query: Token | null) => answer(all, query));
    odata.GET(prototype, 'find');
    odata.query(prototype, 'find', 0);
    const names = key.map((_, index) => `key${index}`);
    define(
      prototype,
      'findOne',
      keyed(names, (...values) => {
        const found = all.find(({ row }) => key.every((name, index) => sameKey(row[name], values[index])));
        return found === undefined ? null : { ...found.row };
      }),
    );
    odata.GET(prototype, 'findOne');
    for (const [index, name] of key.entries()) {
      if (key.length === 1) {
        odata.key(prototype, 'findOne', index);
      } else {
        odata.key(name)(prototype, 'findOne', index);
      }
    }
    for (const [navigation, target] of this.#navigations(set)) {
      this.#follow(prototype, set, { navigation, target });
    }
    odata.type(this.#classOf(set))(controller);
    return controller;
  }

  #follow(
    prototype: object,
    set: EntitySet,
    { navigation, target }: { readonly navigation: NavigationProperty; readonly target: EntitySet },
  ): void {
    const all = this.#sandboxRows(target);
    const method = `follow${navigation.name}`;
    define(prototype, method, (result: SampleRow, query: Token | null) => {
      const parent = this.#wholeRow(set, result);
      const found = all.filter(({ row }) => joins(navigation, parent, row));
      return navigation.collection ? answer(found, query) : found[0] === undefined ? null : { ...found[0].row };
    });
    odata.GET(navigation.name)(prototype, method);
    odata.result(prototype, method, 0);
    odata.query(prototype, method, 1);
  }

  /** The library applies the `$select` of the last segment to the rows of the segments before, too; their ids stay. */
  #wholeRow(set: EntitySet, given: SampleRow): SampleRow {
    const id = given['@odata.id'];
    if (typeof id !== 'string') {
      return given;
    }
    const pairs = [...decodeURIComponent(id).matchAll(/(?:([A-Za-z_]\w*)=)?'((?:[^']|'')*)'/g)];
    const values = new Map(
      pairs.map(([, name, text = '']) => [name ?? set.entityType.key[0], text.replaceAll("''", "'")]),
    );
    const isParent = (row: SampleRow): boolean =>
      set.entityType.key.every((name) => sameKey(row[name], values.get(name)));
    return this.#rows.get(set.name)?.find(isParent) ?? given;
  }

  #sandboxRows(set: EntitySet): readonly SandboxRow[] {
    return (this.#rows.get(set.name) ?? []).map((row) => this.#sandboxRow(set, row));
  }

  #sandboxRow(set: EntitySet, row: SampleRow): SandboxRow {
    const toOne = (name: string): SandboxRow | null | undefined => {
      const [navigation, target] = this.#navigations(set).find(([one]) => one.name === name) ?? [];
      if (navigation === undefined || target === undefined || navigation.collection) {
        return undefined;
      }
      const found = this.#rows.get(target.name)?.find((other) => joins(navigation, row, other));
      return found === undefined ? null : this.#sandboxRow(target, found);
    };
    return { set, row, toOne };
  }
}

/** The library's own document names one key property of several and no constraint, so `$metadata` is answered apart. */
function publish(server: typeof ODataServer, xml: string): void {
  const own = server.$metadata();
  const requestHandler = () => (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Content-Type', 'application/xml');
    response.end(xml);
  };
  define(server, '$metadata', () => Object.assign(Object.create(own) as typeof own, { requestHandler }));
}

/** The library gives instants as dates and everything else as parsed. */
function sameKey(ours: unknown, given: unknown): boolean {
  return given instanceof Date ? Date.parse(String(ours)) === given.getTime() : String(ours) === String(given);
}

function joins(navigation: NavigationProperty, ours: SampleRow, theirs: SampleRow): boolean {
  return navigation.join.every(({ property, referencedProperty }) => {
    return ours[property] !== null && ours[property] === theirs[referencedProperty];
  });
}

/** Copies of the rows asked for; the library writes into what it is given, and reads the count from the array. */
function answer(rows: readonly SandboxRow[], query: Token | null): readonly SampleRow[] {
  try {
    const selected = selectRows(rows, query);
    return Object.assign(
      selected.rows.map(({ row }) => ({ ...row })),
      { inlinecount: selected.count },
    );
  } catch (error) {
    if (!(error instanceof UnsupportedExpression)) {
      throw error;
    }
    throw new HttpRequestError(501, `The sandbox cannot evaluate ${error.message}`);
  }
}

function named(type: EmptyClass, name: string): EmptyClass {
  Object.defineProperty(type, 'name', { value: name });
  return type;
}

function define(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { value, enumerable: true, writable: true, configurable: true });
}

/** A function whose text names its parameters, because the library parses that text. */
function keyed(names: readonly string[], body: (...values: unknown[]) => unknown) {
  const list = names.join(',');
  return Object.assign((...values: unknown[]) => body(...values), { toString: () => `function(${list}){}` });
}
