import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectCommand } from '../../../src/commands/connect.ts';
import { checkUpstream } from '../../../src/commands/feeds/check-upstreams.ts';
import { connectUpstreams } from '../../../src/commands/feeds/connect-upstreams.ts';
import { statusCommand } from '../../../src/commands/status.ts';
import { type Environment, readConfig } from '../../../src/config.ts';
import { checkAlarms } from '../../../src/ingest/ledger/alarms.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Database } from '../../../src/warehouse/database.ts';
import { openDatabase } from '../../../src/warehouse/postgres-database.ts';
import { signInStore } from '../../../src/warehouse/sign-ins.ts';
import { catalogueOf } from '../../support/catalogue-of.ts';
import { metadataFolder as wholeMetadata } from '../../support/gateway.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { TokenServer } from '../../support/servers/token-server.ts';
import { until } from '../../support/until.ts';
import { type GuardedFeed, guardedFeed } from './guarded-feed.ts';

const key = 'k'.repeat(40);
const unending = new Promise<never>(() => undefined);

describe('gateway connect', () => {
  let home: TestDatabase;
  let database: Database;
  let sandbox: Sandbox;
  let feed: GuardedFeed;
  let server: TokenServer;
  let folder: string;
  /** The source of the feed alone, which is read in no time. */
  let metadataFolder: string;

  before(async () => {
    home = await testDatabase();
    database = await openDatabase({ connection: home.connectionString });
    folder = await mkdtemp(path.join(os.tmpdir(), 'connect-'));
    metadataFolder = path.join(folder, 'metadata');
    await cp(path.join(wholeMetadata, 'buzzeasy'), path.join(metadataFolder, 'buzzeasy'), { recursive: true });
    sandbox = await startSandbox(catalogueOf(metadataFolder), 'buzzeasy', { rows: 3, seed: 1 });
  });
  beforeEach(async () => {
    server = await TokenServer.start();
    server.clients.set('gateway', { id: 'gateway', secret: null, certificate: null });
    server.interval = 0.05;
    feed = await guardedFeed(sandbox.url, (header) => server.accepts(header));
  });
  afterEach(async () => {
    await server.close();
    await feed.close();
  });
  after(async () => {
    await sandbox.close();
    await database.close();
    await home.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const settings = (version: 'v1' | 'v2', more: Environment = {}): Environment => ({
    ...{ BUZZEASY_URL: feed.url, BUZZEASY_SIGN_IN: 'device-code', BUZZEASY_CLIENT_ID: 'gateway' },
    BUZZEASY_ISSUER: server.issuer(version),
    ...(version === 'v1'
      ? { BUZZEASY_RESOURCE: 'https://feed.example' }
      : { BUZZEASY_SCOPE: 'https://feed.example/user_impersonation' }),
    ...{ DATABASE_URL: home.connectionString, DATA_DIR: path.join(folder, 'data'), METADATA_DIR: metadataFolder },
    ...{ SIGN_IN_KEY: key, ...more },
  });

  function surroundings(environment: Environment) {
    const lines: string[] = [];
    const logged: string[] = [];
    return {
      ...{ config: readConfig(environment), environment, lines, logged, progress: () => undefined },
      print: (line: string) => void lines.push(line),
      observe: (event: unknown) => void logged.push(JSON.stringify(event)),
    };
  }

  /** Runs the command; a person enters the code that it prints. */
  async function connect(environment: Environment, decision: 'approved' | 'declined') {
    const around = surroundings(environment);
    const print = (line: string): void => {
      around.lines.push(line);
      const code = /enter the code {2}(\S+)/.exec(line)?.[1];
      if (code !== undefined) {
        assert.ok(around.lines.some((one) => one === `  ${server.base}/device`));
        const { length: asked } = server.tokenCalls;
        void until('it asked', () => server.tokenCalls.length > asked).then(() => server.decide(code, decision));
      }
    };
    const code = await connectCommand({ ...around, print }, 'buzzeasy', { stop: unending });
    return { code, lines: around.lines };
  }

  for (const version of ['v1', 'v2'] as const) {
    it(`waits until a person has entered the code, keeps the sign-in, and rows come (${version})`, async () => {
      const environment = settings(version);
      const { code, lines } = await connect(environment, 'approved');
      assert.equal(code, 0, lines.join('\n'));
      assert.match(lines.join('\n'), /Signed in\. It is kept for all gateways/);
      assert.match(lines.at(-1) ?? '', /sets at http/);
      assert.ok(server.tokenCalls.length > 1, 'it asked again until then');
      const around = surroundings(environment);
      const proxied = await connectUpstreams(around, catalogueOf(metadataFolder, environment), {
        keeping: { store: signInStore(database), secrets: [key] },
      });
      assert.equal(proxied.upstreams.get('buzzeasy')?.state().failure, null);
      await proxied.close();
      const { rows } = await database.query(`SELECT encode(sealed, 'escape') AS bytes, * FROM gateway.sign_in`);
      const written = JSON.stringify([rows, lines, around.logged]);
      for (const token of feed.seen) {
        assert.ok(!written.includes(token?.split(' ')[1] ?? 'Bearer'));
      }
      assert.ok(!/refresh\.|access\./.test(written));
    });
  }

  it('a person who declines, a code that nobody enters, a stop: nothing is kept, and it is said', async () => {
    await signInStore(database).forget('buzzeasy');
    await assert.rejects(
      connect(settings('v2'), 'declined'),
      /the sign-in was declined \(authorization_declined 70018\)/,
    );
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const around = surroundings(settings('v2'));
    const print = (line: string): void => void (/enter the code/.test(line) && setTimeout(stop, 80));
    await assert.rejects(connectCommand({ ...around, print }, 'buzzeasy', { stop: stopped }), /nothing was changed/);
    assert.equal(await signInStore(database).read('buzzeasy'), null);
  });

  it('goes on asking where the server has too much to do, and slower where it says so', async () => {
    server.troubles.push({ status: 503 }, { status: 500, headers: { 'Content-Type': 'text/html' }, body: '<p>no</p>' });
    const { code } = await connect(settings('v2'), 'approved');
    assert.equal(code, 0);
    assert.deepEqual(
      server.tokenCalls.slice(0, 2).map(({ status }) => status),
      [503, 500],
    );
  });

  it('status, alarms and check say what a person must do; --forget takes it back', async () => {
    const environment = settings('v2');
    const status = async () => {
      const around = surroundings(environment);
      const code = await statusCommand(around, { json: false });
      return { code, text: around.lines.join('\n') };
    };
    const alerts = async () => {
      await checkAlarms(database);
      const { rows } = await database.query<{ kind: string; details: Record<string, unknown> }>(
        `SELECT kind, details FROM gateway.alert WHERE kind LIKE 'signin%' ORDER BY alert_id`,
      );
      return rows.map(({ kind }) => kind);
    };
    await signInStore(database).forget('buzzeasy');
    assert.match(
      (await status()).text,
      /error: nobody has signed in at the proxied feed buzzeasy yet: gateway connect buzzeasy/,
    );
    await connect(environment, 'approved');
    assert.ok(!/buzzeasy/.test((await status()).text));
    assert.deepEqual(await alerts(), []);
    await database.query(`UPDATE gateway.sign_in SET ends_at = now() + interval '9 days 1 hour'`);
    assert.match((await status()).text, /warning: .*expected to end on 20\d\d-\d\d-\d\d, in 9 days/);
    assert.deepEqual(await alerts(), ['signin.ended']);
    await database.query(`UPDATE gateway.sign_in SET ended = 'invalid_grant 700082', ended_at = now()`);
    const ended = await status();
    assert.equal(ended.code, 2);
    assert.match(ended.text, /error: the sign-in at the proxied feed buzzeasy has ended \(invalid_grant 700082/);
    await connect(environment, 'approved');
    assert.deepEqual((await alerts()).slice(1), ['signin.restored']);
    const source = catalogueOf(metadataFolder, environment).sources.get('buzzeasy') ?? assert.fail();
    const context = { catalogue: catalogueOf(metadataFolder, environment), environment, store: null };
    const checked = await checkUpstream(source, { ...context, secrets: [key] });
    assert.match(checked.lines.join('\n'), /a person signs in there; "gateway status"/);
    const keyless = await checkUpstream(source, { ...context, secrets: [] });
    assert.equal(keyless.faults, 1);
    assert.match(keyless.lines.join('\n'), /must set SIGN_IN_KEY_FILE/);
    const around = surroundings(environment);
    await connectCommand(around, 'buzzeasy', { forget: true, stop: unending });
    assert.equal(await signInStore(database).read('buzzeasy'), null);
  });

  it('refuses what needs no person, sources that are none, and a missing key', async () => {
    const without = (environment: Environment, source = 'buzzeasy') =>
      connectCommand(surroundings(environment), source, { stop: unending });
    const plain = { METADATA_DIR: metadataFolder, BUZZEASY_URL: feed.url };
    await assert.rejects(without(plain), /is asked without a sign-in of the gateway \(kind: none\), so nobody has to/);
    await assert.rejects(without(plain, 'nobody'), /is no proxied feed of the metadata; these are: buzzeasy/);
    await assert.rejects(
      connectCommand(surroundings(plain), undefined, { stop: unending }),
      /is to be told which feed; these are: buzzeasy/,
    );
    await assert.rejects(without(settings('v2', { SIGN_IN_KEY: '' })), /SIGN_IN_KEY_FILE/);
  });

  it('begins with a refresh token of a file, too', async () => {
    const file = path.join(folder, 'refresh');
    await writeFile(file, server.signedIn('gateway'));
    const environment = settings('v2', { BUZZEASY_SIGN_IN: 'refresh-token', BUZZEASY_REFRESH_TOKEN_FILE: file });
    const around = surroundings(environment);
    assert.equal(await connectCommand(around, 'buzzeasy', { stop: unending }), 0);
    assert.match(around.lines.join('\n'), /Signed in with the refresh token of the file/);
    assert.match(around.lines.at(-1) ?? '', /sets at http/);
  });
});
