import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type SyncFlags, syncCommand } from '../../src/commands/sync.ts';
import { readConfig } from '../../src/config.ts';
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

    // As `ingest` of the same file: its folders tell of what source it is.
    mkdirSync(path.join(dataDir, 'export', 'team'), { recursive: true });
    const placed = file('export/team/team.csv', exportFile('sparkcentral/team-metrics', []));
    const found = await runInProcess(['inspect', placed, '--period', '2026-01-01..2026-01-02'], environment);
    assert.match(found.output, /^export {5}sparkcentral\/team-metrics \(.*\), found by rule,/m);

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

describe('What fetching says where no server is declared', () => {
  const folder = useFolders();

  it('is that there is nothing to fetch, which is no failure of a dry run unless a source was named', async () => {
    const environment = { DATA_DIR: folder() };
    const outcome = async (source: string | undefined, flags: SyncFlags) => {
      const lines: string[] = [];
      const surroundings = {
        ...{ config: readConfig(environment), environment, progress: () => {}, observe: () => {} },
        print: (line: string) => void lines.push(line),
      };
      const code = await syncCommand(surroundings, source, { ...flags, stop: Promise.resolve('the test ends') });
      return `${code} ${lines.join()}`;
    };
    const none =
      'No source has deliveries: declare a server in metadata/<source>/deliveries.yaml, see docs/deliveries.md.';
    assert.equal(await outcome(undefined, { dryRun: true }), `0 ${none}`);
    assert.equal(await outcome(undefined, { once: true }), `1 ${none}`);
    assert.equal(await outcome(undefined, {}), `1 ${none}`);
    assert.match(await outcome('tracebuzz', { dryRun: true }), /^1 tracebuzz has no deliveries: /);
    assert.match(await outcome('tracebuz', { dryRun: true }), /^1 There is no source "tracebuz"\. Sources of files: /);
  });
});

describe('What the commands count', () => {
  const rejected: readonly (readonly [command: string, option: string, refused: readonly string[], range: string])[] = [
    ['sample --out nowhere', '--days', ['0', '-1', '1.5', '', 'many', '3661', '1e2'], '1 to 3660'],
    ['sample --out nowhere', '--days-per-file', ['0', '-1', '0.5', '3661'], '1 to 3660'],
    ['sample --out nowhere', '--rows', ['0', '-1', '2.5'], '1 to 100000000'],
    ['sample --out nowhere', '--seed', ['-1', '1.5'], '0 to 999999999'],
    ['sample --out nowhere', '--broken', ['-1', '1.5', '1000001'], '0 to 1000000'],
    ['ingest nowhere', '--parallel', ['0', '-1', '1.5', '7'], '1 to 6'],
    ['rejects', '--limit', ['0', '-1', '1.5', ''], '1 to 1000000'],
    ['rejects', '--load', ['0', '-1', '1.5', ''], '1 on'],
    ['replay', '--load', ['0', '-1', '1.5'], '1 on'],
    ['dismiss', '--load', ['0', '-1', '1.5'], '1 on'],
    ['dismiss', '', ['0', '1.5', 'first'], '1 on'],
  ];
  for (const [command, option, refused, range] of rejected) {
    it(`${command} ${option}: what is no count there is refused with what may be said, and nothing is done`, async () => {
      for (const value of refused) {
        const said = option === '' ? [value] : [`${option}=${value}`];
        const { code, output } = await runInProcess([...command.split(' '), ...said], {});
        assert.equal(code, 64, output);
        assert.match(
          output,
          new RegExp(`${option} .*'${value}' is invalid.*must be a whole number from ${range}`),
          value,
        );
      }
    });
  }

  it('no other option of a command takes a number', () => {
    const numbers = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && /^(main\.ts|commands)/.test(file))
      .flatMap(
        (file) => readFileSync(path.join('src', file), 'utf8').match(/'--[a-z-]+ <(?:count|number|id)>'/g) ?? [],
      );
    assert.deepEqual(numbers.map((text) => text.slice(1).split(' ')[0]).sort(), [
      '--broken',
      '--days',
      '--days-per-file',
      '--limit',
      '--load',
      '--parallel',
      '--rows',
      '--seed',
    ]);
  });
});
