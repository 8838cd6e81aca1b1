import assert from 'node:assert/strict';
import type { RemovedPosition } from '../../src/plan/model/read-plan.ts';
import { compileChanges, compileRemoved } from '../../src/sql/read/compile-changes.ts';
import { planOf } from './compile-url.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const rows = `
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "_version") VALUES
    (1, 'old', 1, 3), (2, 'changed', 1, 5), (3, 'left the filter', 9, 5), (4, 'came again', 1, 6),
    (5, 'left too', 9, 6), (6, 'left first', 9, 5);
  INSERT INTO feed."Agents" ("Id", "Name", "_version", "_deleted_at") VALUES (1, 'Ann', 5, NULL), (2, 'Hidden', 5, now());
  INSERT INTO gateway.tombstones (entity_set, key, version) VALUES
    ('Cases', '{"Id": 7}', 4), ('Cases', '{"Id": 8}', 6), ('Cases', '{"Id": 9}', 5), ('Cases', '{"Id": 4}', 5),
    ('Agents', '{"Id": 2}', 5), ('Messages', '{"CaseId": 9007199254740993, "Number": 1}', 5);`;

describe('compileChanges', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed(rows);
  });
  after(() => feed.close());

  async function changes(url: string, since: bigint) {
    const plan = planOf(url);
    assert.ok(plan.kind === 'Collection');
    const { changed, removed } = compileChanges({ ...plan, since }, catalogue);
    const read = async (query: typeof changed) => (await feed.read(query)).map(({ row }) => row);
    return { changed: await read(changed), removed: await read(removed) };
  }

  it('gives the rows changed after the version, and the keys gone since, each once', async () => {
    assert.deepEqual(await changes('Cases?$select=Id', 4n), {
      changed: [{ Id: 2 }, { Id: 3 }, { Id: 4 }, { Id: 5 }, { Id: 6 }],
      removed: [
        { Id: 9, reason: 'deleted' },
        { Id: 8, reason: 'deleted' },
      ],
    });
  });

  it('reports a row that left the filter as removed', async () => {
    assert.deepEqual(await changes('Cases?$select=Id&$filter=Priority lt 5', 4n), {
      changed: [{ Id: 2 }, { Id: 4 }],
      removed: [
        { Id: 9, reason: 'deleted' },
        { Id: 8, reason: 'deleted' },
        { Id: 3, reason: 'changed' },
        { Id: 6, reason: 'changed' },
        { Id: 5, reason: 'changed' },
      ],
    });
  });

  it('pages of removed rows: each asks for one row more than it has, and goes on behind its last', () => {
    const plan = planOf('Cases?$filter=Priority lt 5');
    assert.ok(plan.kind === 'Collection');
    const text = (removedAfter: RemovedPosition | null) =>
      compileRemoved({ ...plan, since: 4n, until: 6n, removedAfter }, catalogue, 2).text;
    const gone = (beyond: string) =>
      `SELECT (s.key ->> 'Id')::bigint, 'deleted', 0, s.version, s.number FROM "gateway"."tombstones" AS s WHERE s.entity_set = 'Cases' AND s.version > 4 AND s.version <= 6${beyond} AND NOT EXISTS (SELECT 1 FROM "feed"."Cases" AS t1 WHERE t1."Id" = (s.key ->> 'Id')::bigint) ORDER BY 3, 4, 5 LIMIT 3`;
    const left = (beyond: string) =>
      `SELECT t1."Id", 'changed', 1, t1."_version", t1."_row" FROM "feed"."Cases" AS t1 WHERE t1."_version" > 4 AND t1."_version" <= 6${beyond} AND (t1."Priority" < 5) IS NOT TRUE ORDER BY 3, 4, 5 LIMIT 3`;
    assert.equal(text(null), `(${gone('')}) UNION ALL (${left('')}) ORDER BY 3, 4, 5 LIMIT 3`);
    assert.equal(
      text({ part: 'gone', version: 5n, row: 2n }),
      `(${gone(' AND (s.version, s.number) > (5, 2)')}) UNION ALL (${left('')}) ORDER BY 3, 4, 5 LIMIT 3`,
    );
    assert.equal(text({ part: 'left', version: 5n, row: 3n }), left(' AND (t1."_version", t1."_row") > (5, 3)'));
  });

  it('pages of removed rows of every size together are all of them, once', async () => {
    const plan = planOf('Cases?$filter=Priority lt 5');
    assert.ok(plan.kind === 'Collection');
    for (const until of [null, 5n]) {
      for (const room of [1, 2, 3, 4, 5, 6]) {
        const keys: unknown[] = [];
        for (let removedAfter: RemovedPosition | null = null, more = true; more; ) {
          const query = compileRemoved({ ...plan, since: 4n, until, removedAfter }, catalogue, room);
          const rows = await feed.read(query);
          more = rows.length > room;
          keys.push(...rows.slice(0, room).map(({ row }) => row['Id']));
          const [part, version, row] = rows[room - 1]?.position ?? [];
          if (more) {
            removedAfter = {
              part: part === '0' ? 'gone' : 'left',
              version: BigInt(version ?? ''),
              row: BigInt(row ?? ''),
            };
          }
        }
        assert.deepEqual(keys, until === null ? [9, 8, 3, 6, 5] : [9, 3, 6], `${until} ${room}`);
      }
    }
  });

  it('a token of rows that left a filter, without a filter, gives nothing', () => {
    const plan = planOf('Cases');
    assert.ok(plan.kind === 'Collection');
    const removedAfter = { part: 'left', version: 5n, row: 2n } as const;
    const { text } = compileRemoved({ ...plan, since: 4n, removedAfter }, catalogue, 2);
    assert.equal(text, 'SELECT WHERE FALSE');
  });

  it('gives nothing when nothing happened', async () => {
    assert.deepEqual(await changes('Cases?$select=Id&$filter=Priority lt 5', 6n), { changed: [], removed: [] });
  });

  it('reports hidden rows by their tombstone alone', async () => {
    assert.deepEqual(await changes('Agents?$select=Name', 4n), {
      changed: [{ Name: 'Ann' }],
      removed: [{ Id: 2, reason: 'deleted' }],
    });
  });

  it('keeps all digits of a key', async () => {
    const plan = planOf('Messages');
    assert.ok(plan.kind === 'Collection');
    const { removed } = compileChanges({ ...plan, since: 0n }, catalogue);
    const { rows: found } = await feed.client.query({ text: removed.text, rowMode: 'array' });
    assert.deepEqual(found, [['9007199254740993', 1, 'deleted', 0, '5', '6']]);
  });
});
