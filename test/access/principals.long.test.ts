import assert from 'node:assert/strict';
import pg from 'pg';
import { runInProcess } from '../e2e/remedies/command-line.ts';
import { principals } from './principals-suite.ts';

principals(
  'rights of several principals, on the whole program with policies for rows',
  { ROW_LEVEL_SECURITY: 'on' },
  (program) => {
    it('has policies for all tables that are served, an archive too, and shows nothing to who says nothing', async () => {
      const client = new pg.Client({ connectionString: program().environment['DATABASE_URL'] });
      await client.connect();
      try {
        const { rows } = await client.query<{ name: string; secured: boolean }>(
          `SELECT c.oid::regclass::text AS name, relrowsecurity AS secured FROM pg_class c
            WHERE relkind = 'r' AND relnamespace IN ('feed'::regnamespace, 'gateway_archive'::regnamespace) ORDER BY 1`,
        );
        assert.ok(rows.length > 90);
        assert.deepEqual(
          rows.filter(({ secured }) => !secured),
          [],
        );
        assert.ok(rows.some(({ name }) => name.startsWith('gateway_archive.')));
        assert.ok(((await client.query('SELECT FROM feed."TracebuzzCases"')).rowCount ?? 0) > 0);
        await client.query('SET ROLE gateway_reader');
        assert.equal((await client.query('SELECT FROM feed."TracebuzzCases"')).rowCount, 0);
      } finally {
        await client.end();
      }
    });

    it('is explained with the policies', async () => {
      const { output: text } = await runInProcess(
        ['explain', 'TracebuzzCases?$select=CaseId', '--as', 'ann', '--analyze'],
        program().environment,
      );
      assert.match(text, /Filter: .*InitPlan/);
      assert.match(text, /rows=1\.00 loops/);
    });
  },
);
