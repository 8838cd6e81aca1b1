import assert from 'node:assert/strict';

export type Row = Readonly<Record<string, unknown>>;

interface DeltaPage {
  readonly '@odata.context': string;
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
  readonly value: readonly Row[];
}

/** What a reader of a feed needs of it. */
export interface Readable {
  get(query: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Rows by `@odata.id`, without the members that only full metadata has. */
export type Rows = Map<string, Row>;

/** What a client asks for page by page; null: nothing, the server's own page size counts. */
export type PageSizes = () => number | null;

/**
 * A client that keeps a copy of a collection in step by delta links, as the protocol says a client does. `between` runs
 * after each page that is not the last. `serverPage`: the rows that the server gives at most.
 */
export class DeltaClient {
  readonly rows: Rows = new Map();
  readonly query: string;
  deltaLink: string | null = null;
  /** Changed and removed rows of the last catching up. */
  changed = 0;
  removed = 0;
  pages = 0;
  pageSizes: PageSizes = () => null;
  readonly #feed: Readable;
  readonly #serverPage: number;
  #following = false;
  /** What this catching up told, by id. */
  readonly #told = new Set<string>();

  constructor(feed: Readable, query: string, serverPage = 3) {
    this.#feed = feed;
    this.query = query;
    this.#serverPage = serverPage;
  }

  /** Reads everything, or what changed since. */
  async catchUp(between: () => Promise<void> = async () => {}): Promise<void> {
    this.changed = 0;
    this.removed = 0;
    this.pages = 0;
    this.#told.clear();
    const first = this.deltaLink === null;
    this.#following = !first;
    for (let next: string | undefined = this.deltaLink ?? this.query; next !== undefined; ) {
      const page = await this.#page(next, first && this.pages === 0);
      for (const row of page.value) {
        this.#take(row);
      }
      this.pages += 1;
      next = page['@odata.nextLink'];
      assert.equal(page['@odata.deltaLink'] === undefined, next !== undefined, 'the last page alone has a delta link');
      this.deltaLink = page['@odata.deltaLink'] ?? null;
      if (next !== undefined) {
        await between();
      }
    }
  }

  async #page(url: string, asks: boolean): Promise<DeltaPage> {
    const size = this.pageSizes();
    const wanted = size === null ? [] : [`odata.maxpagesize=${size}`];
    const prefer = asks ? [...wanted, 'odata.track-changes'] : wanted;
    const reply = await this.#feed.get(url, {
      Accept: 'application/json;odata.metadata=full',
      ...(prefer.length > 0 ? { Prefer: prefer.join(', ') } : {}),
    });
    const text = await reply.text();
    assert.equal(reply.status, 200, `${url}: ${text}`);
    const most = Math.min(size ?? this.#serverPage, this.#serverPage);
    const applied = [...(size === null ? [] : [`odata.maxpagesize=${most}`]), ...(asks ? ['odata.track-changes'] : [])];
    assert.equal(reply.headers.get('preference-applied') ?? '', applied.join(', '));
    const page = JSON.parse(text) as DeltaPage;
    assert.ok(page.value.length <= most, `${page.value.length} rows on a page of ${most}`);
    assert.ok(page.value.length === most || page['@odata.nextLink'] === undefined, 'a page with a next one is full');
    assert.equal(page['@odata.context'].endsWith('/$delta'), this.#following);
    return page;
  }

  #take(row: Row): void {
    const context = row['@odata.context'];
    const id = String(context === undefined ? row['@odata.id'] : row['id']);
    // A plain read may meet a row again that moved in its order; a delta is bounded by versions and tells each row once.
    if (this.#following) {
      assert.ok(!this.#told.has(id), `${id} is told twice`);
    }
    this.#told.add(id);
    if (context === undefined) {
      this.rows.set(String(row['@odata.id']), row);
      this.changed += 1;
      return;
    }
    assert.match(String(context), /\$metadata#\w+\/\$deletedEntity$/);
    assert.deepEqual(Object.keys(row), ['@odata.context', 'id', 'reason']);
    assert.match(String(row['reason']), /^(deleted|changed)$/);
    this.rows.delete(String(row['id']));
    this.removed += 1;
  }
}

/** The same collection read afresh, over all pages. */
export async function readAll(feed: Readable, query: string): Promise<Rows> {
  const rows: Rows = new Map();
  for (let next: string | undefined = query; next !== undefined; ) {
    const reply = await feed.get(next, { Accept: 'application/json;odata.metadata=full' });
    const page = (await reply.json()) as DeltaPage;
    assert.equal(reply.status, 200, JSON.stringify(page));
    for (const row of page.value) {
      rows.set(String(row['@odata.id']), row);
    }
    next = page['@odata.nextLink'];
  }
  return rows;
}

/** Rows in one order, to be compared. */
export const sorted = (rows: Rows): readonly (readonly [string, Row])[] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Clients of a feed whose rows are compared with a fresh read after every step. */
export function followers(feed: () => Readable) {
  const sameAsFresh = async (client: DeltaClient): Promise<void> => {
    assert.deepEqual(sorted(client.rows), sorted(await readAll(feed(), client.query)), client.query);
  };
  return {
    sameAsFresh,
    async follower(query: string): Promise<DeltaClient> {
      const client = new DeltaClient(feed(), query);
      await client.catchUp();
      await sameAsFresh(client);
      return client;
    },
    /** What catching up brought. */
    async brought(client: DeltaClient): Promise<readonly [changed: number, removed: number]> {
      await client.catchUp();
      await sameAsFresh(client);
      return [client.changed, client.removed];
    },
  };
}
