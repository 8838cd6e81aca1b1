import assert from 'node:assert/strict';
import { compileChanges } from '../../src/sql/compile-changes.ts';
import { planOf } from './compile-url.ts';
import { catalogue } from './small-model.ts';
import { openTestFeed, type TestFeed } from './test-feed.ts';

const rows = `
  INSERT INTO feed."Cases" ("Id", "Title", "Priority", "_version") VALUES
    (1, 'old', 1, 3), (2, 'changed', 1, 5), (3, 'left the filter', 9, 5), (4, 'came again', 1, 6);
  INSERT INTO feed."Agents" ("Id", "Name", "_version", "_deleted_at") VALUES (1, 'Ann', 5, NULL), (2, 'Hidden', 5, now());
  INSERT INTO gateway.tombstones VALUES
    ('Cases', '{"Id": 7}', 4), ('Cases', '{"Id": 8}', 5), ('Cases', '{"Id": 8}', 6), ('Cases', '{"Id": 4}', 5),
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
      changed: [{ Id: 2 }, { Id: 3 }, { Id: 4 }],
      removed: [{ Id: 8, reason: 'deleted' }],
    });
  });

  it('reports a row that left the filter as removed', async () => {
    assert.deepEqual(await changes('Cases?$select=Id&$filter=Priority lt 5', 4n), {
      changed: [{ Id: 2 }, { Id: 4 }],
      removed: [
        { Id: 8, reason: 'deleted' },
        { Id: 3, reason: 'changed' },
      ],
    });
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
    assert.deepEqual(found, [['9007199254740993', 1, 'deleted']]);
  });
});
