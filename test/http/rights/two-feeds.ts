import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maskedValue } from '../../../src/edm/mask.ts';
import type { Property } from '../../../src/edm/model.ts';
import { feedCapabilities } from '../../../src/http/capabilities.ts';
import type { Feed } from '../../../src/http/feed.ts';
import { bindGrants } from '../../../src/plan/bind/grants.ts';
import { everything, type Grants } from '../../../src/plan/grants.ts';
import { visibleCatalogue } from '../../../src/plan/visible.ts';
import { insertRows } from '../../sql/sample-rows.ts';
import { byName } from '../by-name.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { catalogue } from './personal-model.ts';
import { type Rights, readers, request } from './random-rights.ts';
import { ask, batch, failed, later, pages, type Said, shown } from './same-replies.ts';

/**
 * Two feeds: one with all rows, where rights restrict who asks, and one whose database never held the rest and where
 * everybody sees everything. What the first one says has to be what the second one says.
 */
export interface TwoFeeds {
  readonly restricted: TestServer;
  readonly bare: TestServer;
  /** Who asks the restricted feed under this name has these rights from now on. */
  grant(user: string, rights: Rights): void;
  /** The bare feed holds what these rights let through, and nothing else. */
  hold(rights: Rights): Promise<void>;
  close(): Promise<void>;
}

const settings = { publicUrl: 'http://feed.example', pageSize: 10 };

/** `rowLevelSecurity`: PostgreSQL holds the restricted one to the rights, too. */
export async function openTwoFeeds({ rowLevelSecurity = false } = {}): Promise<TwoFeeds> {
  const known = new Map<string, Grants>();
  const capabilities = feedCapabilities;
  const grantsOf: Feed['grantsOf'] = (principal) => known.get(principal?.name ?? '') ?? everything;
  const rows = `${insertRows()} UPDATE feed."Messages" SET "AgentId" = ("CaseId" + "Number") % 5`;
  const own = { settings, capabilities, authentication: byName };
  const restricted = await startTestServer({ ...own, rows, grantsOf, catalogue: () => catalogue, rowLevelSecurity });
  let seen = catalogue;
  const whole = ['Cases', 'Agents', 'Messages'].map((set) => `CREATE TABLE whole."${set}" AS TABLE feed."${set}";`);
  const bare = await startTestServer({
    rows: `${rows}; CREATE SCHEMA whole; CREATE SCHEMA masked; ${whole.join(' ')}`,
    settings,
    capabilities,
    authentication: byName,
    catalogue: () => seen,
  });
  await maskRows(bare.client);
  return {
    restricted,
    bare,
    grant: (user, { rules }) => known.set(user, bindGrants(rules, catalogue)),
    async hold(held) {
      const statements = Object.entries(held.rows).map(([set, where]) => fill(set, where, held.columns[set] ?? []));
      await bare.client.query(
        `BEGIN; ${statements.join(' ')} UPDATE gateway.set_versions SET version = version + 1; COMMIT`,
      );
      seen = visibleCatalogue(catalogue, bindGrants(held.rules, catalogue));
    },
    async close() {
      await restricted.close();
      await bare.close();
    },
  };
}

function fill(set: string, where: string | null, columns: Rights['columns'][string]): string {
  const control = ['_row', '_version', '_deleted_at'].map((name) => [name, `t."${name}"`] as const);
  const own = [...columns, ...control];
  // What is joined by is a column in any case, where the navigation is there.
  return `TRUNCATE feed."${set}"; ${
    where === null
      ? ''
      : `INSERT INTO feed."${set}" (${own.map(([name]) => `"${name}"`).join(', ')}) OVERRIDING SYSTEM VALUE
         SELECT ${own.map(([, sql]) => sql).join(', ')} FROM whole."${set}" AS t JOIN masked."${set}" AS m USING (_row)
         WHERE ${where} ORDER BY _row;`
  }`;
}

/** Fills the schema `masked` with the rows of `whole`, every value masked here, where PostgreSQL's own masks have no say. */
async function maskRows(client: TestServer['client']): Promise<void> {
  for (const { name, entityType } of catalogue.model.entitySets.values()) {
    const own = [...entityType.properties.values()];
    const texts = own.map(({ name, type }) =>
      type === 'Edm.DateTimeOffset' ? utc(name) : `"${name}"::text AS "${name}"`,
    );
    const { rows } = await client.query<Record<string, string | null>>(
      `SELECT _row::text AS _row, ${texts.join(', ')} FROM whole."${name}"`,
    );
    const masked = rows.map((row) => ({
      _row: row['_row'],
      ...Object.fromEntries(own.map((one) => [one.name, maskedOf(row[one.name] ?? null, one)])),
    }));
    await client.query(`CREATE TABLE masked."${name}" AS TABLE feed."${name}" WITH NO DATA`);
    await client.query(
      `INSERT INTO masked."${name}" SELECT * FROM json_populate_recordset(NULL::masked."${name}", $1)`,
      [JSON.stringify(masked)],
    );
  }
}

const utc = (name: string): string =>
  `to_char("${name}" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "${name}"`;

const maskedOf = (value: string | null, property: Property): string | null =>
  value === null ? null : maskedValue(value, property);

/** `numRuns` times two readers with rights of their own ask for the same. */
export async function assertNothingElse(feeds: TwoFeeds, numRuns: number): Promise<void> {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(readers, fc.array(request, { minLength: 4, maxLength: 6 }), async ([one, other], urls) => {
      run += 1;
      const both = [
        { user: `one${run}`, held: one },
        { user: `other${run}`, held: other },
      ];
      for (const { user, held } of both) {
        feeds.grant(user, held);
      }
      const replies = new Map<string, readonly Said[]>();
      for (const url of urls) {
        for (const { user } of both) {
          replies.set(`${user} ${url}`, await pages(feeds.restricted, url, { 'api-key': user }));
        }
        await sharesNothing(
          feeds,
          url,
          both.map(({ user }) => ({ user, reply: replies.get(`${user} ${url}`)?.[0] })),
        );
      }
      for (const { user, held } of both) {
        await feeds.hold(held);
        for (const url of urls) {
          const expected = await pages(feeds.bare, url, { 'api-key': user });
          const found = replies.get(`${user} ${url}`) ?? [];
          const message = `${url}\n${JSON.stringify([...held.rules])}`;
          if ([...found, ...expected].some(failed)) {
            await failsForARowOfIts(feeds, { url, user, found, message });
          } else {
            assert.deepEqual(found.map(shown), expected.map(shown), message);
          }
        }
        await sameInOtherWays(feeds, urls, user);
      }
      assert.deepEqual([feeds.restricted.defects, feeds.restricted.broken], [[], []]);
    }),
    { numRuns, endOnFailure: true },
  );
}

/** As CSV, in a batch and fetched later, too, there are no other columns and rows. */
async function sameInOtherWays({ restricted, bare }: TwoFeeds, urls: readonly string[], user: string): Promise<void> {
  const headers = { 'api-key': user };
  const csv = { ...headers, Accept: 'text/csv' };
  const [first = ''] = urls;
  const ways = [
    (feed: TestServer) => ask(feed, '$all', csv),
    (feed: TestServer) => batch(feed, urls, headers),
    (feed: TestServer) => later(feed, first, headers),
  ];
  for (const way of ways) {
    const replies = [await way(restricted), await way(bare)];
    if (!replies.some(failed)) {
      const [found, expected] = replies;
      assert.deepEqual(found && shown(found), expected && shown(expected), urls.join('\n'));
    }
  }
}

interface Failure {
  readonly url: string;
  readonly user: string;
  readonly found: readonly Said[];
  readonly message: string;
}

/**
 * For which row a computation fails first, and whether a page reaches that row, is PostgreSQL's choice. But where it fails
 * for a reader it fails where it is computed for all rows that are there for him.
 */
async function failsForARowOfIts({ bare }: TwoFeeds, { url, user, found, message }: Failure): Promise<void> {
  if (!found.some(failed)) {
    return;
  }
  // Behind a parenthesis it is one of an `$expand`.
  const filter = /(?<=[?&])\$filter=[^&]*/.exec(url)?.[0] ?? assert.fail(message);
  assert.ok(failed(await ask(bare, `Cases/$count?${filter}`, { 'api-key': user })), message);
}

interface Shown {
  readonly user: string;
  readonly reply: Said | undefined;
}

/** A tag of one reader is that of another one only where the bytes are the same. */
async function sharesNothing(feeds: TwoFeeds, url: string, [one, other]: readonly Shown[]): Promise<void> {
  const tag = one?.reply?.tag ?? null;
  if (tag === null || other?.reply === undefined || other.reply.status !== 200) {
    return;
  }
  const again = await ask(feeds.restricted, url, { 'api-key': other.user, 'If-None-Match': tag });
  if (again.status === 304) {
    assert.equal(one?.reply?.body, other.reply.body, url);
  } else {
    assert.equal(again.body, other.reply.body, url);
  }
}
