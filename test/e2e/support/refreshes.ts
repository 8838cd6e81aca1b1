import assert from 'node:assert/strict';

/** Gives the body of a reply that was 200 and whole. */
export type Get = (url: string, headers?: Readonly<Record<string, string>>) => Promise<string>;

interface Page {
  readonly value: readonly { readonly ThingId?: string; readonly Title?: string | null }[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

/** Rows of a set of things by their key. */
export type Things = ReadonlyMap<string, string | null>;

/** All pages from an address on, in the order of the key. Throws where a row comes twice, or out of order. */
export async function wholeSet(get: Get, from: string): Promise<Things> {
  const rows = new Map<string, string | null>();
  let last = '';
  for (let next: string | undefined = from; next !== undefined; ) {
    const page = JSON.parse(await get(next)) as Page;
    for (const { ThingId = '', Title = null } of page.value) {
      assert.ok(ThingId > last, `${ThingId} after ${last}`);
      last = ThingId;
      rows.set(ThingId, Title);
    }
    next = page['@odata.nextLink'];
  }
  return rows;
}

/** A copy of a set that is kept up by delta links, as an incremental refresh does. */
export class TrackedCopy {
  readonly rows = new Map<string, string | null>();
  readonly #get: Get;
  readonly #set: string;
  #link: string | null = null;

  constructor(get: Get, set: string) {
    this.#get = get;
    this.#set = set;
  }

  /** Brings it up to what is served now. Throws where one answer has a row twice, or says that one is gone. */
  async refresh(): Promise<void> {
    let page = await this.#page(this.#link ?? this.#set);
    const seen = new Set<string>();
    for (;;) {
      for (const row of page.value) {
        const { ThingId, Title = null } = row;
        assert.ok(ThingId !== undefined && !('@odata.removed' in row) && !('@removed' in row), JSON.stringify(row));
        assert.ok(!seen.has(ThingId), `${ThingId} twice`);
        seen.add(ThingId);
        this.rows.set(ThingId, Title);
      }
      const next: string | undefined = page['@odata.nextLink'];
      if (next === undefined) {
        break;
      }
      page = await this.#page(next);
    }
    this.#link = page['@odata.deltaLink'] ?? assert.fail('no delta link');
  }

  async #page(url: string): Promise<Page> {
    return JSON.parse(await this.#get(url, { Prefer: 'odata.track-changes' })) as Page;
  }
}
