import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportFile } from '../ingest/support/feed.ts';
import { testDatabase } from '../support/postgres.ts';
import { run, useFolders } from './support/program.ts';

describe('gateway erase', () => {
  const folder = useFolders();

  it('counts first, says what else is known there, and does it with --yes', async () => {
    const database = await testDatabase();
    const dataDir = folder();
    const environment = {
      DATA_DIR: dataDir,
      DATABASE_URL: database.connectionString,
      SAMPLES: 'off',
      PERSONAL_DATA_KEY: '0123456789abcdef0123456789abcdef',
    };
    const loaded = path.join(dataDir, 'drop', 'loaded');
    mkdirSync(loaded, { recursive: true });
    const attribute = { AttributeId: 'a-1', AttributeName: 'tier', AttributeValue: 'gold' };
    const file = path.join(loaded, 'contact-attributes.csv');
    writeFileSync(
      file,
      exportFile('sparkcentral/contact-attributes', [
        { ...attribute, ContactProfileId: 'c-1001', ContactPrimaryIdentifier: 'Jan Jansen' },
        { ...attribute, ContactProfileId: 'c-1002', ContactPrimaryIdentifier: 'Pia Peters' },
      ]),
    );
    const ingested = await run(['ingest', '--source', 'sparkcentral', file], environment);
    assert.equal(ingested.code, 0, ingested.output);
    const ask = ['erase', '--person', 'jan jansen'];
    const counted = await run(ask, environment);
    assert.equal(counted.code, 0, counted.output);
    assert.match(counted.output, /^SparkcentralContactAttributes: 1 rows to remove, 0 rows to empty of the person$/m);
    assert.match(counted.output, /^also known there, SparkcentralContactAttributes\.ContactProfileId: c-1001$/m);
    assert.match(counted.output, /^Nothing was changed\. To erase: the same command with --yes\.$/m);
    const done = await run([...ask, '--yes'], environment);
    assert.match(done.output, /^loaded\/contact-attributes\.csv: 1 rows removed, 0 rows emptied of the person$/m);
    assert.match(done.output, /^Erased, and remembered as erasure 1:/m);
    assert.match((await run(ask, environment)).output, /^Nothing of the person was found\.$/m);
    const { PERSONAL_DATA_KEY: _, ...without } = environment;
    const refused = await run(['ingest', file], without);
    assert.equal(refused.code, 1);
    assert.match(refused.output, /^PersonalKeyMissing: /m);
    await database.drop();
  });
});
