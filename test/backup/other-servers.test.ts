import assert from 'node:assert/strict';
import path from 'node:path';
import { gatewayCommand } from '../e2e/remedies/command-line.ts';
import { otherVersions, programsOf, startOtherServer } from './support/other-server.ts';
import { backupOf, fill, shop, stateOf, usePlaces, useWorld, within } from './support/shop.ts';

describe('A backup moves between servers of different versions', () => {
  const world = useWorld();
  const place = usePlaces();

  for (const version of otherVersions) {
    const programs = programsOf(version);
    const move = programs === null ? it.skip : it;
    const why = programs === null ? ' (not here: npx tsx scripts/fetch-other-servers.ts)' : '';
    move(`to PostgreSQL ${version} and back${why}`, async () => {
      await world().begin();
      shop(world());
      await fill(world());
      const first = path.join(world().folder, 'first.zip');
      await world().works(`gateway backup ${first}`);
      const server = await startOtherServer(programs ?? '');
      try {
        const environment = {
          DATABASE_URL: server.connectionString,
          DATA_DIR: path.join(world().folder, `data-${version}`),
          METADATA_DIR: path.join(world().folder, 'metadata'),
        };
        const there = await gatewayCommand(`gateway restore ${first}`, environment);
        assert.equal(there.code, 0, there.output);
        const file = world().file(
          'orders-there.csv',
          'Id,Title,Count,At\n9,"nine\t\\",0.1,2026-02-03T04:05:06.789012Z\n',
          50,
        );
        const loaded = await gatewayCommand(`gateway ingest ${file}`, environment);
        assert.equal(loaded.code, 0, loaded.output);
        const second = path.join(world().folder, 'second.zip');
        const manifest = await within(server.connectionString, (database) => backupOf(database, second));
        assert.match(manifest.server, new RegExp(`^${version.split('.')[0]}\\.`));
        const back = await place();
        const restored = await back.run(`gateway restore ${second}`);
        assert.equal(restored.code, 0, restored.output);
        const again = await back.within((database) => backupOf(database, path.join(back.folder, 'third.zip')));
        assert.deepEqual(stateOf(again), stateOf(manifest));
      } finally {
        await server.stop();
      }
    });
  }
});
