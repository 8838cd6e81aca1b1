import assert from 'node:assert/strict';
import { useDatabases } from '../support/postgres.ts';
import { serveFiles, whichServers } from './support/file-servers.ts';
import { run, serve, until, useFolders } from './support/program.ts';
import { assertSame, finish, placeOf, resultOf, samplesIn, statesIn, waiting } from './support/undisturbed.ts';

describe('Three gateways at once on one database', function () {
  this.timeout(30 * 60_000);
  const folder = useFolders();
  const connect = useDatabases();

  it('on one drop folder: tables and ledger are those of one gateway, and each file is loaded once', async () => {
    const files = folder();
    await samplesIn(files, 3, true);
    const undisturbed = placeOf(folder(), { connectionString: await connect(), files });
    const expected = await finish(undisturbed);
    const place = placeOf(folder(), { connectionString: await connect(), files });
    const environments = [1, 2, 3].map(() => ({ ...place.environment, DATA_DIR: folder(), DROP_DIR: place.drop }));
    const programs = await Promise.all(environments.map((environment) => serve(environment)));
    await until('all files are loaded', () => waiting(place.drop) === 0, 600_000);
    for (const program of programs) {
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0);
      assert.doesNotMatch(program.output(), /"level":50/, 'no alarm');
    }
    assertSame(await resultOf(place), expected);
    assert.deepEqual(
      await statesIn(place.connectionString),
      await statesIn(undisturbed.connectionString),
      'no row of a file that another one took',
    );
  });

  it(`at one FTP and one SFTP server (${whichServers}): likewise, and nothing is left there`, async () => {
    const files = folder();
    await samplesIn(files, 3, true);
    const expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
    const servers = await serveFiles(files, folder, { schedule: '*/2 * * * * *' });
    const connectionString = await connect();
    const programs = await Promise.all(
      [1, 2, 3].map(() => serve({ ...servers.environment, DATA_DIR: folder(), DATABASE_URL: connectionString })),
    );
    await until('all files are loaded', () => servers.left() === 0, 600_000);
    for (const program of programs) {
      program.child.kill('SIGTERM');
      assert.equal(await program.ended, 0);
      assert.doesNotMatch(program.output(), /"level":50/, 'no alarm');
    }
    assertSame(await resultOf({ connectionString }), expected);
    await servers.close();
  });

  it('gateway ingest three times at once on one folder', async () => {
    const files = folder();
    await samplesIn(files, 3, true);
    const expected = await finish(placeOf(folder(), { connectionString: await connect(), files }));
    const place = placeOf(folder(), { connectionString: await connect(), files });
    const ingest = () => run(['ingest', '--parallel', '2', place.drop], place.environment);
    for (const { code, output } of await Promise.all([ingest(), ingest(), ingest()])) {
      assert.equal(code, 0, output);
    }
    assertSame(await resultOf(place), expected);
  });
});
