import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from '../e2e/support/program.ts';
import { metadataFolder } from '../support/gateway.ts';
import { migratedDatabase } from '../support/made-databases.ts';

describe('gateway archive, of a feed without an address', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unarchived-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says that nothing is copied, and nothing of what a gateway beside it serves', async () => {
    const metadata = path.join(folder, 'metadata');
    for (const file of ['source.yaml', 'agents.yaml']) {
      cpSync(path.join(metadataFolder, 'buzzeasy', file), path.join(metadata, 'buzzeasy', file));
    }
    const { connectionString } = await migratedDatabase();
    const said = await run(['archive', '--dry-run'], {
      ...{ METADATA_DIR: metadata, DATA_DIR: path.join(folder, 'data'), DATABASE_URL: connectionString },
      SAMPLES: 'on',
    });
    assert.equal(
      said.output.trim(),
      'Buzzeasy (Graia CCaaS): BUZZEASY_URL is not set, so nothing is copied; rows of a sandbox never are.',
    );
    assert.equal(said.code, 0);
  });
});
