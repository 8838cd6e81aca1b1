import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportFile } from '../ingest/support/feed.ts';
import { testDatabase } from '../support/postgres.ts';
import { runInProcess } from './remedies/command-line.ts';
import { run, useFolders } from './support/program.ts';

describe('What the commands say of files', () => {
  const folder = useFolders();

  it('names unknown columns, refusals and what to type', async () => {
    const database = await testDatabase();
    const dataDir = folder();
    const environment = { DATA_DIR: dataDir, DATABASE_URL: database.connectionString, SAMPLES: 'off' };
    mkdirSync(dataDir, { recursive: true });
    const file = (name: string, text: string): string => {
      writeFileSync(path.join(dataDir, name), text);
      return path.join(dataDir, name);
    };
    const [header = '', row = ''] = exportFile('tracebuzz/cases', [{ CaseId: 1 }]).split('\n');
    const cases = file('raw-cases-1750000000.csv', `${header},Colour\n${row},red\n`);
    const empty = file('empty.csv', '');
    const team = file('team.csv', exportFile('sparkcentral/team-metrics', []));

    const inspected = await runInProcess(['inspect', cases], environment);
    assert.equal(inspected.code, 0, inspected.output);
    assert.match(inspected.output, /^unknown {4}Colour \(kept in Extras\)$/m);
    assert.match(inspected.output, /^rows {7}1 read, 1 good, 0 would be rejected$/m);
    const covered = await runInProcess(
      ['inspect', team, '--source', 'sparkcentral', '--period', '2026-01-01..2026-01-02'],
      environment,
    );
    assert.match(covered.output, /^period {5}\d{4}-\d\d-\d\dT[\d:.]+Z to \d{4}-\d\d-\d\dT[\d:.]+Z$/m);

    const loaded = await run(['ingest', cases, empty, team], { ...environment, LOG_LEVEL: 'debug' });
    assert.equal(loaded.code, 2, loaded.output);
    assert.match(loaded.output, /unknown column, kept in Extras: Colour/);
    assert.match(
      loaded.output,
      /"event":"load-step","file":"[^"]*raw-cases-1750000000\.csv","step":"staged","rows":1,/,
    );
    assert.match(loaded.output, /refused: FileEmpty: empty\.csv is empty/);
    assert.match(loaded.output, /gateway ingest --source hootsuite-inbox team\.csv \(or --source sparkcentral\)/);
    const status = await run(['status'], environment);
    assert.doesNotMatch(status.output, /"event"/, 'no log unless somebody looks for the reason of something');
    assert.match(status.output, /^tracebuzz\/cases: 1 load, 1 new row, last \S+$/m);
    assert.match(status.output, /^files of no known export: 2 refused, last \S+$/m);
    await database.drop();
  });
});
