import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { casesFile } from '../ingest/support/drop.ts';
import { newKey, password, serverFolder, upload, user } from '../ingest/support/remote.ts';
import { metadataFolder } from '../support/gateway.ts';
import { testDatabase } from '../support/postgres.ts';
import { ownFtp } from '../support/servers/own-ftp.ts';
import { ownSftp } from '../support/servers/own-sftp.ts';
import { run, useFolders } from './support/program.ts';

describe('gateway sync', () => {
  const folder = useFolders();

  it('says what it would fetch, fetches it once, and has exit codes for monitors', async () => {
    const database = await testDatabase();
    const [dataDir, metadata] = [folder(), folder()];
    cpSync(metadataFolder, metadata, { recursive: true });
    const [ftpRoot, sftpRoot, hostKey] = [serverFolder(), serverFolder(), newKey()];
    const ftp = await ownFtp({ root: ftpRoot, user, password });
    const sftp = await ownSftp({ root: sftpRoot, user, password, hostKey: hostKey.secret });
    const deliveries = (fingerprint: string): void =>
      writeFileSync(
        path.join(metadata, 'tracebuzz', 'deliveries.yaml'),
        `deliveries:
  - { kind: ftp, host: 127.0.0.1, port: ${ftp.port}, user: ${user}, password: { env: FTP_SECRET }, directory: in, minimumAgeSeconds: 0 }
  - kind: sftp
    host: 127.0.0.1
    port: ${sftp.port}
    user: ${user}
    password: { env: FTP_SECRET }
    hostKey: ${fingerprint}
    directory: in
    minimumAgeSeconds: 0
    afterLoad: { archive: done }
`,
      );
    deliveries(hostKey.fingerprint);
    const environment = {
      ...{ DATA_DIR: dataDir, DATABASE_URL: database.connectionString, METADATA_DIR: metadata, SAMPLES: 'off' },
      FTP_SECRET: password,
    };
    const [one, other] = [casesFile(2), casesFile(3)];
    upload(ftpRoot, one.name, one.text);
    upload(sftpRoot, other.name, other.text);

    const checked = await run(['check', '--connect'], environment);
    assert.equal(checked.code, 0, checked.output);
    assert.match(checked.output, /warning: tracebuzz\/ftp: ftp sends password and files/);
    assert.match(checked.output, /tracebuzz\/sftp at 127\.0\.0\.1:\d+: 1 files/);
    const unset = await run(['check'], { ...environment, FTP_SECRET: '' });
    assert.equal(unset.code, 1);
    assert.match(
      unset.output,
      /tracebuzz\/ftp: The password of tracebuzz\/ftp is not there: the environment does not give FTP_SECRET/,
    );

    const dry = await run(['sync', '--dry-run'], environment);
    assert.equal(dry.code, 0, dry.output);
    assert.match(dry.output, new RegExp(`would fetch: ${one.name}, \\d+ bytes: new`));
    assert.match(
      dry.output,
      /tracebuzz\/sftp: sftp:\/\/loader@127\.0\.0\.1:\d+, directory in: 1 files; what is taken in is moved to done/,
    );

    const once = await run(['sync', 'tracebuzz', '--once'], environment);
    assert.equal(once.code, 0, once.output);
    assert.match(once.output, new RegExp(`tracebuzz/ftp:${one.name}: loaded into TracebuzzCases`));
    assert.match(once.output, /tracebuzz\/sftp: 1 files there, 1 fetched, 0 not complete yet/);
    assert.doesNotMatch(`${once.output}${dry.output}${checked.output}`, new RegExp(password));
    assert.deepEqual(readdirSync(path.join(sftpRoot, 'done')), [other.name]);
    const kept = existsSync(path.join(dataDir, 'drop')) ? path.join(dataDir, 'drop') : '';
    assert.deepEqual(readdirSync(path.join(kept, 'loaded', 'tracebuzz')).sort(), [one.name, other.name].sort());

    upload(ftpRoot, 'broken.csv', 'a,b\n1,2\n');
    const refused = await run(['sync', '--once'], environment);
    assert.equal(refused.code, 2, refused.output);
    assert.match(refused.output, /refused: FileUnknown/);
    deliveries(newKey().fingerprint);
    const stranger = await run(['sync', '--once'], environment);
    assert.equal(stranger.code, 1, stranger.output);
    assert.match(stranger.output, /tracebuzz\/sftp: HostKeyMismatch: .*Nothing was sent to it/);
    const none = await run(['sync', 'sparkcentral', '--once'], environment);
    assert.deepEqual([none.code, /has no deliveries/.test(none.output)], [1, true]);
    await Promise.all([ftp.close(), sftp.close(), database.drop()]);
  });

  it('three processes at one server load each file once, and only one asks at a time', async () => {
    const database = await testDatabase();
    const metadata = folder();
    cpSync(metadataFolder, metadata, { recursive: true });
    const root = serverFolder();
    const ftp = await ownFtp({ root, user, password });
    writeFileSync(
      path.join(metadata, 'tracebuzz', 'deliveries.yaml'),
      `deliveries:\n  - { kind: ftp, host: 127.0.0.1, port: ${ftp.port}, user: ${user}, password: { env: FTP_SECRET }, directory: in, minimumAgeSeconds: 0 }\n`,
    );
    const files = Array.from({ length: 40 }, () => casesFile(50));
    for (const { name, text } of files) {
      upload(root, name, text);
    }
    const sync = () =>
      run(['sync', '--once'], {
        ...{ DATA_DIR: folder(), DATABASE_URL: database.connectionString, METADATA_DIR: metadata, SAMPLES: 'off' },
        FTP_SECRET: password,
      });
    await sync();
    for (let file = 0; file < 40; file++) {
      const { name, text } = casesFile(50);
      upload(root, name, text);
    }
    const outputs = await Promise.all([sync(), sync(), sync()]);
    assert.deepEqual(
      outputs.map(({ code }) => code),
      [0, 0, 0],
      outputs.map(({ output }) => output).join('\n'),
    );
    assert.equal(ftp.manners.most, 1);
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    const { rows } = await client.query(
      'SELECT state, count(*)::int AS n, count(DISTINCT sha256)::int AS kinds FROM gateway.load GROUP BY state',
    );
    await client.end();
    assert.deepEqual(rows, [{ state: 'loaded', n: 80, kinds: 80 }]);
    await Promise.all([ftp.close(), database.drop()]);
  });
});
