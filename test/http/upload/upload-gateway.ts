import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { authentication } from '../../../src/http/sign-in/authentication.ts';
import { uploadKeys } from '../../../src/http/upload/upload-keys.ts';
import { uploadRoutes } from '../../../src/http/upload/upload-routes.ts';
import type { UploadTarget } from '../../../src/http/upload/upload-target.ts';
import { type UploadSettings, Uploads } from '../../../src/ingest/upload/uploads.ts';
import type { Observation } from '../../../src/observation/observation.ts';
import { hashKey } from '../../../src/sign-in/files/credentials.ts';
import { type Feed, useFeed } from '../../ingest/support/feed.ts';
import { until } from '../../support/until.ts';
import { knownKeys } from '../signing-in.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { type Reply, type Sending, send } from './upload-client.ts';

/** A gateway that takes uploads, over real HTTP: the key `good` is for all sources, `narrow` for one, and `reads` only reads. */
export interface UploadGateway {
  readonly feed: () => Feed;
  readonly server: TestServer;
  readonly uploads: Uploads;
  /** Its files, anew for each test. */
  readonly folder: string;
  readonly keysFile: string;
  /** What was told since the test began. */
  readonly told: readonly Observation[];
  /** The program starts (again): it remembers nothing, and files stay. */
  start(settings?: Partial<UploadSettings>): void;
  put(name: string, sending?: Sending): Promise<Reply | null>;
  /** The same with a connection that breaks; resolves when the gateway has noticed. */
  cut(name: string, sending: Sending & { readonly cut: number }): Promise<void>;
  /** How many rows of a file of `casesFile` are stored. */
  rowsOf(text: string): Promise<number>;
  /** States of all loads of a file. */
  loads(name: string): Promise<readonly string[]>;
  filesIn(below: string): readonly string[];
  /** Bytes that are here of the one file that is not whole; 0: there is none. */
  arrived(): number;
}

export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** `Content-Range` of the bytes from one offset up to another. */
export const range = (from: number, to: number, total: number) => ({
  'Content-Range': `bytes ${from}-${to - 1}/${total}`,
});

/** Status, and what became of it or what is here. */
export const shown = (reply: Reply | null): string =>
  reply === null
    ? 'cut'
    : [reply.status, reply.body?.outcome ?? reply.body?.error?.code ?? reply.headers.range].join(' ');

export function useUploads(): UploadGateway {
  const feed = useFeed();
  let root = '';
  let folder = '';
  let server: TestServer | null = null;
  let uploads: Uploads | null = null;
  let told: Observation[] = [];

  const running = (): Uploads => {
    assert.ok(uploads !== null);
    return uploads;
  };
  /** What the listener hands requests to: the uploads of the program as it runs now. */
  const target: UploadTarget = {
    sourceNamed: (name) => running().sourceNamed(name),
    check: (order) => running().check(order),
    known: (order, digest) => running().known(order, digest),
    ask: (order) => running().ask(order),
    take: (order, bytes) => running().take(order, bytes),
  };
  const start = (settings: Partial<UploadSettings> = {}): void => {
    uploads = new Uploads(feed(), { folder, largest: 1_000_000, observe: (one) => told.push(one), ...settings });
  };
  const keysFile = (): string => path.join(root, 'keys');

  before(async () => {
    root = mkdtempSync(path.join(feed().folder, 'uploads-'));
    writeFileSync(keysFile(), `crm:${hashKey('good')}\nstrict:${hashKey('narrow')}:tracebuzz\n`);
    server = await startTestServer({
      authentication: authentication({ basic: null, keys: knownKeys({ reads: 'bi' }) }, 'api-key'),
      beside: (app: FastifyInstance) =>
        uploadRoutes(app, {
          target,
          findKey: uploadKeys(keysFile()),
          observe: (one) => told.push(one),
          pause: 240_000,
        }),
    });
  });
  after(() => server?.close());
  beforeEach(() => {
    told = [];
    folder = mkdtempSync(path.join(root, 'up-'));
    start();
  });

  const put: UploadGateway['put'] = (name, sending = {}) =>
    send(`http://127.0.0.1:${server?.port}/ingest/${name}`, {
      ...sending,
      headers: { Authorization: 'Bearer good', ...sending.headers },
    });
  const answered = (): number => told.filter(({ event }) => event === 'upload').length;
  return {
    feed,
    start,
    put,
    cut: async (name, sending) => {
      const before = answered();
      assert.equal(await put(name, sending), null);
      await until('the gateway has noticed', () => answered() > before);
    },
    get server() {
      assert.ok(server !== null);
      return server;
    },
    get uploads() {
      return running();
    },
    get folder() {
      return folder;
    },
    get keysFile() {
      return keysFile();
    },
    get told() {
      return told;
    },
    rowsOf: async (text) => {
      const from = Math.floor(Number(/^\d+/m.exec(text.slice(text.indexOf('\n')))?.[0]) / 1000);
      return (await feed().rows(`SELECT FROM feed."TracebuzzCases" WHERE "CaseId" / 1000 = ${from}`)).length;
    },
    loads: async (name) =>
      (
        await feed().rows<{ state: string }>(
          `SELECT state FROM gateway.load WHERE file_name = '${name}' ORDER BY load_id`,
        )
      ).map(({ state }) => state),
    arrived: () => {
      const parts = path.join(folder, 'parts');
      const part = existsSync(parts) ? readdirSync(parts).find((one) => one.endsWith('.part')) : undefined;
      return part === undefined ? 0 : statSync(path.join(parts, part)).size;
    },
    filesIn: (below) =>
      existsSync(path.join(folder, below))
        ? readdirSync(path.join(folder, below), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map(({ name }) => name)
            .sort()
        : [],
  };
}
