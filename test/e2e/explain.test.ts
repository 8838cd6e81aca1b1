import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportFile } from '../ingest/support/feed.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { runInProcess as run } from './remedies/command-line.ts';
import { useFolders } from './support/program.ts';

describe('gateway explain', () => {
  const folder = useFolders();
  let database: TestDatabase;
  let environment: Readonly<Record<string, string>>;
  before(async () => {
    database = await testDatabase();
    environment = { DATA_DIR: folder(), DATABASE_URL: database.connectionString, SAMPLES: 'on' };
    const file = path.join(folder(), 'raw-cases-1750000000.csv');
    writeFileSync(file, exportFile('tracebuzz/cases', [{ CaseId: 4711 }, { CaseId: 4712 }]));
    const loaded = await run(['ingest', file], environment);
    assert.equal(loaded.code, 0, loaded.output);
  });
  after(() => database.drop());

  const explain = (...args: readonly string[]) => run(['explain', ...args], environment);

  it('says what becomes of a URL, stage by stage, without its values', async () => {
    const { code, output } = await explain(
      "TracebuzzCases?$filter=CaseId eq 4711 or ExternalId eq 'secret'&$count=true&$top=5",
    );
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^Syntax\n {2}path\n {4}TracebuzzCases\n {2}\$filter\n {4}or\n {6}eq\n {8}CaseId\n {8}'\?' integer$/m,
    );
    assert.match(output, /^Plan\n {2}Collection TracebuzzCases page 20000\n {4}filter \(or/m);
    assert.match(output, /^1\. Statement: how many rows\n {2}SELECT\n {4}count\(\*\)\n/m);
    assert.match(output, /^2\. Statement: rows of the page\n {2}SELECT\n/m);
    assert.match(output, /^PostgreSQL's plan: how many rows\n {2}Aggregate {2}\(cost=/m);
    assert.match(
      output,
      /^PostgreSQL's plan: rows of the page\n {2}Limit {2}\(cost=[\s\S]*?(?:Filter|Recheck Cond): .*'\?'/m,
    );
    assert.doesNotMatch(output, /4711|secret|actual time/);
  });

  it('shows values with --values, and with --analyze what the statements took', async () => {
    const { code, output } = await explain('/odata/TracebuzzCases(4711)?$select=CaseId', '--values', '--analyze');
    assert.equal(code, 0, output);
    assert.match(output, /^ {6}key\n {8}'4711' integer$/m);
    assert.match(output, /^ {2}Entity TracebuzzCases\(CaseId='4711':Int64\)/m);
    assert.match(output, /t1\."CaseId" = '4711'|"CaseId" = 4711/);
    assert.match(output, /\(actual time=.*rows=1/);
    assert.match(output, /^ {2}Execution Time: /m);
  });

  it('says what a proxied feed is asked for, and the steps where sources are joined', async () => {
    const one = await explain("BuzzeasyAgents?$filter=startswith(name,'Jan')&$top=2");
    assert.equal(one.code, 0, one.output);
    assert.match(
      one.output,
      /^Request: asked of the proxied feed buzzeasy\n {2}http:\/\/127\.0\.0\.1:\d+\/\w+\?\$select=\?&\$filter=\?&\$top=\?$/m,
    );
    assert.doesNotMatch(one.output, /SANDBOX|SAMPLES|Jan|PostgreSQL's plan/);
    const joined = await explain('BuzzeasyCalls?$expand=ChannelTypeLookup&$top=2', '--values');
    assert.equal(joined.code, 0, joined.output);
    assert.match(joined.output, /^1\. Request: asked of the proxied feed buzzeasy\n {2}http:\S+\$top=2$/m);
    assert.match(
      joined.output,
      /^2\. Step\n {2}.*ask PostgreSQL for BuzzeasyChannelTypes by key, Code = channelType, as ChannelTypeLookup\.$/m,
    );
  });

  it('says in words what depends on rows that are read before', async () => {
    const { code, output } = await explain("BuzzeasyCalls?$filter=ChannelTypeLookup/Description eq 'secret'&$top=2");
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^1\. Step\n {2}Ask PostgreSQL for the rows of BuzzeasyChannelTypes .* \(Code = channelType\) /m,
    );
    assert.match(output, /^2\. Step\n {2}Read the addressed rows with what was found/m);
    assert.doesNotMatch(output, /secret/);
  });

  it('answers a fault as the server does, with its position', async () => {
    const { code, output } = await explain('http://localhost:8080/odata/TracebuzzCases?$filter=CaseID eq 1');
    assert.equal(code, 1);
    assert.match(output, /^Syntax\n/m);
    assert.match(output, /^Position 0 of \$filter:\n {2}CaseID eq \?\n {2}\^$/m);
    assert.match(output, /^UnknownProperty: .*Perhaps you meant 'CaseId'\.$/m);
    assert.match(output, /^Use a property that \$metadata declares for this type\.$/m);
  });

  it('knows nobody by name while no rights are configured', async () => {
    const { code, output } = await explain('TracebuzzCases', '--as', 'jan');
    assert.equal(code, 64);
    assert.match(output, /^There are no rules for jan: ACCESS_FILE is not set/);
  });
});
