import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FileAccess } from '../../../../src/access/access.ts';
import { parseAccess } from '../../../../src/access/read-access.ts';
import { feedCapabilities } from '../../../../src/http/capabilities.ts';
import { unobserved } from '../../../../src/observation/observe.ts';
import { everything } from '../../../../src/plan/grants.ts';
import { visibleCatalogue } from '../../../../src/plan/visible.ts';
import { noClaims, type Principal } from '../../../../src/sign-in/principal.ts';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { catalogue } from '../personal-model.ts';
import { ask, type Said, shown } from '../same-replies.ts';
import { type Change, type Claims, keys, type SetName, scene, sets } from './random-changes.ts';

/** Two databases that change alike, and one of them never holds what is not granted. */
export interface ChangingFeeds {
  readonly restricted: TestServer;
  readonly bare: TestServer;
  access: FileAccess;
  claims: Claims;
  /** Of the data; never one that was there before. */
  version: number;
  close(): Promise<void>;
}

const seen = new Map<string, string>([
  ['Cases', 'Title'],
  ['Agents', 'Name'],
  ['Messages', 'Body'],
]);

const principal = (claims: Claims): Principal => ({
  ...{ id: 'entra:t:o', name: 'jan', kind: 'entra', tenant: 't' },
  claims: { ...noClaims, all: new Map(Object.entries(claims)) },
});

export async function openChangingFeeds(): Promise<ChangingFeeds> {
  const settings = { pageSize: 3 };
  const feeds = { access: new FileAccess({ roles: {} }, unobserved), claims: {} as Claims, version: 1 };
  const grants = () => feeds.access.grantsOf(principal(feeds.claims), catalogue);
  const own = { settings, capabilities: feedCapabilities };
  const restricted = await startTestServer({ ...own, catalogue: () => catalogue, grantsOf: grants });
  const bare = await startTestServer({
    ...own,
    catalogue: () => visibleCatalogue(catalogue, grants()),
    grantsOf: () => everything,
  });
  return Object.assign(feeds, {
    restricted,
    bare,
    close: async () => {
      await restricted.close();
      await bare.close();
    },
  });
}

function statementOf({ set, kind, key, value }: Change, version: number): string {
  const names = keys[set];
  const where = names.map((name, at) => `"${name}" = ${key[at]}`).join(' AND ');
  const told = JSON.stringify(Object.fromEntries(names.map((name, at) => [name, key[at]])));
  if (kind === 'delete') {
    return `WITH gone AS (DELETE FROM feed."${set}" WHERE ${where} RETURNING 1)
      INSERT INTO gateway.tombstones (entity_set, key, version) SELECT '${set}', '${told}'::jsonb, ${version} FROM gone
      ON CONFLICT (entity_set, key) DO UPDATE SET version = EXCLUDED.version`;
  }
  if (kind === 'hide') {
    return `UPDATE feed."${set}" SET _deleted_at = now(), _version = ${version} WHERE ${where}`;
  }
  const columns: Readonly<Record<SetName, Readonly<Record<string, string>>>> = {
    Cases: { Title: `'title ${value}'`, Priority: String(value), AgentId: String(value + 1) },
    Agents: { Name: `'name ${value}'`, City: value % 2 === 0 ? `'Bonn'` : `'Kiel'`, LeaderId: String(value) },
    Messages: { Body: `'title ${value}'`, Length: String(value) },
  };
  const all = Object.entries({
    ...Object.fromEntries(names.map((name, at) => [name, String(key[at])])),
    ...columns[set],
    _version: String(version),
    _deleted_at: 'NULL',
  });
  return `INSERT INTO feed."${set}" (${all.map(([name]) => `"${name}"`).join()}) VALUES (${all.map(([, sql]) => sql).join()})
    ON CONFLICT (${names.map((name) => `"${name}"`).join()}) DO UPDATE SET ${all.map(([name]) => `"${name}" = EXCLUDED."${name}"`).join()}`;
}

const prefer = { Prefer: 'odata.track-changes' };
const linkOf = (body: string, name: string): string | null =>
  new RegExp(`"@odata.${name}":"http://feed.example/odata/([^"]*)"`).exec(body)?.[1]?.replaceAll('\\u0026', '&') ??
  null;

/** `numRuns` times somebody follows the changes of a set, by the links that each of the two feeds gives him. Gives how many of these links were followed. */
export async function assertSameChanges(
  feeds: ChangingFeeds,
  numRuns: number,
): Promise<{ followed: number; removed: number }> {
  const { restricted, bare } = feeds;
  const tally = { followed: 0, removed: 0 };
  await fc.assert(
    fc.asyncProperty(scene, async ({ claims, rules, url, before, steps, between }) => {
      const read = rules.map(({ set, condition, hides }) => ({
        sets: [set],
        ...(condition === null ? {} : { rows: condition[0] }),
        ...(hides ? { hide: [seen.get(set)] } : {}),
      }));
      const text = JSON.stringify({ roles: { r: { who: [{ kinds: ['entra'] }], read } } });
      const { document, faults } = parseAccess({ file: 'access.yaml', text }, catalogue);
      assert.ok(document !== null, faults.join('\n'));
      feeds.access = new FileAccess(document, unobserved);
      feeds.claims = claims;
      const holds = ({ set, key }: Change): boolean => {
        const rule = rules.find((one) => one.set === set);
        return rule !== undefined && (rule.condition === null || rule.condition[1](key, claims) === true);
      };
      const apply = async (changes: readonly Change[]): Promise<void> => {
        feeds.version += 1;
        const { version } = feeds;
        for (const [feed, mine] of [
          [restricted, changes],
          [bare, changes.filter(holds)],
        ] as const) {
          const raised = [...new Set(mine.map(({ set }) => `'${set}'`))];
          const bump = `UPDATE gateway.set_versions SET version = ${version} WHERE entity_set IN (${raised.join() || 'NULL'})`;
          await feed.client.query(['BEGIN', ...mine.map((one) => statementOf(one, version)), bump, 'COMMIT'].join(';'));
        }
      };
      // What was counted of the rows of before is counted anew.
      feeds.version += 1;
      const emptied = sets.map((set) => `TRUNCATE feed."${set}" RESTART IDENTITY`);
      const empty = [
        ...emptied,
        'DELETE FROM gateway.tombstones',
        `UPDATE gateway.set_versions SET version = ${feeds.version}`,
      ];
      for (const feed of [restricted, bare]) {
        await feed.client.query(empty.join(';'));
      }
      const all = sets.flatMap((set) =>
        Array.from(
          { length: 9 },
          (_, n): Change => ({
            set,
            kind: 'put',
            key: set === 'Messages' ? [(n % 4) + 1, (n >> 2) + 1] : [n + 1],
            value: n % 5,
          }),
        ),
      );
      await apply(all);
      await apply(before);
      let links: readonly (string | null)[] = [url, url];
      for (const changes of [[], ...steps]) {
        await apply(changes);
        for (let page = 0; links.every((link) => link !== null); page++) {
          const [found, expected] = await both(feeds, links, prefer);
          assert.deepEqual(shown(found), shown(expected), `${links[0]}\n${text}\n${JSON.stringify(claims)}`);
          tally.removed += found.body.split('$deletedEntity').length - 1;
          const next = [found, expected].map(({ body }) => linkOf(body, 'nextLink'));
          if (next.some((link) => link === null)) {
            links = [found, expected].map(({ body }) => linkOf(body, 'deltaLink'));
            break;
          }
          links = next;
          if (between && page === 0) {
            await apply(steps[0] ?? []);
          }
        }
        tally.followed += links[0] === null ? 0 : 1;
      }
    }),
    { numRuns, endOnFailure: true },
  );
  assert.deepEqual([...restricted.defects, ...bare.defects], []);
  return tally;
}

async function both(
  { restricted, bare }: ChangingFeeds,
  [one, other]: readonly (string | null)[],
  headers: Readonly<Record<string, string>>,
): Promise<readonly [Said, Said]> {
  return [await ask(restricted, one ?? '', headers), await ask(bare, other ?? '', headers)];
}
