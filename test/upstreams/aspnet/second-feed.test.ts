import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireCatalogue } from '../../../src/catalogue/read-metadata.ts';
import { checkModel } from '../../../src/edm/check-model.ts';
import { metadataFolder } from '../../support/gateway.ts';
import { documentedFolder } from './second-feed.ts';

describe('the folder of a second feed that docs/proxied-feeds.md shows', () => {
  it('is taken as it stands there', () => {
    const files = documentedFolder();
    assert.deepEqual([...files.keys()], ['acme-desk/source.yaml', 'acme-desk/tickets.yaml']);
    const folder = mkdtempSync(path.join(tmpdir(), 'second-'));
    try {
      cpSync(metadataFolder, folder, { recursive: true });
      for (const [file, text] of files) {
        mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        writeFileSync(path.join(folder, file), text);
      }
      const { model, sources } = requireCatalogue(folder, { ACME_DESK_URL: 'https://desk.example/odata/' });
      assert.deepEqual(checkModel(model), []);
      assert.equal(sources.get('acme-desk')?.upstream?.url, 'https://desk.example/odata/');
      const { navigationPropertyBindings } = model.entitySets.get('DeskTickets') ?? assert.fail();
      assert.equal(navigationPropertyBindings.get('Handler'), 'BuzzeasyAgents');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
