import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { feedCapabilities } from '../../../src/http/capabilities.ts';
import { runInProcess } from '../../e2e/remedies/command-line.ts';
import { rowsOf, type TestGateway } from '../../support/gateway.ts';
import { share } from '../../support/lifetime.ts';
import { saidBy } from '../../support/read-twice.ts';
import { asked, citusDatabase, citusUrl } from './citus-database.ts';
import { serve } from './served.ts';

const token = /\$deltatoken=[^"&]*/;
const tokensOf = (body: string): readonly string[] => [...body.matchAll(new RegExp(token, 'g'))].map(([one]) => one);
const withoutTokens = (said: readonly unknown[]): readonly unknown[] =>
  said.map((one) => (typeof one === 'string' ? one.replaceAll(new RegExp(token, 'g'), '$deltatoken') : one));

let compared = 0;
/** Requests that Citus does not run, as they were asked. */
const refused = new Set<string>();

/**
 * The gateway with each `get` asked twice: of its own database, and of a copy of that on Citus, restored from a backup and placed there. Both have to say the same, but
 * for what Citus refuses (501 `distributed`), which is counted. null: CITUS_URL names no coordinator. Call when all rows are loaded; `database.query` writes to both from then on.
 */
export async function besideCitus(gateway: TestGateway): Promise<TestGateway | null> {
  if (citusUrl === null) {
    return null;
  }
  const citus = await citusDatabase();
  await copyTo(gateway.connectionString, citus.connectionString);
  const served = await serve(citus.connectionString, feedCapabilities);
  share({
    close: async () => {
      console.error(
        `      ${compared} replies compared, ${refused.size} refused\n${[...refused].map((one) => `      refused: ${one}\n`).join('')}`,
      );
      await served.close();
      await citus.drop();
    },
  });
  /** Tokens of delta links name the table, which is another one in each database: that of Citus for each of plain PostgreSQL. */
  const tokens = new Map<string, string>();
  const at = (query: string, root: string): URL =>
    new URL(
      query
        .replace(token, (one) => tokens.get(one) ?? one)
        .replaceAll(gateway.root, root)
        .replaceAll(encodeURIComponent(gateway.root), encodeURIComponent(root)),
      root,
    );
  const get: TestGateway['get'] = async (query, headers = {}) => {
    const there = await fetch(at(query, served.root), { headers });
    const here = await gateway.get(query, headers);
    if (there.status === 501 && /"@gateway\.feature":"distributed"/.test(await there.clone().text())) {
      refused.add(decodeURIComponent(query));
      return here;
    }
    const [theirs, ours] = [tokensOf(await there.clone().text()), tokensOf(await here.clone().text())];
    for (const [index, one] of ours.entries()) {
      tokens.set(one, theirs[index] ?? one);
    }
    const [said, wanted] = [await saidBy(there, served.root), await saidBy(here, gateway.root)];
    assert.deepEqual(withoutTokens(said), withoutTokens(wanted), query);
    compared += 1;
    return here;
  };
  const { database } = gateway;
  const query: typeof database.query = async (text, values) => {
    await asked(citus.connectionString, text, values);
    return database.query(text, values);
  };
  const rows: TestGateway['rows'] = (from) => rowsOf(get, from);
  return { ...gateway, get, rows, database: Object.assign(Object.create(database) as typeof database, { query }) };
}

async function copyTo(plain: string, citus: string): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-copied-'));
  const run = async (connection: string, ...words: readonly string[]): Promise<void> => {
    const { code, output } = await runInProcess(words, { DATABASE_URL: connection, DATA_DIR: folder });
    assert.equal(code, 0, output);
  };
  try {
    const file = path.join(folder, 'warehouse.backup');
    // What a start brings into tables is there before they are compared.
    await run(plain, 'migrate');
    await run(plain, 'backup', file);
    await run(citus, 'restore', file);
    // A restored history begins anew, which here would be the only difference between two that are the same.
    const versions = await asked(plain, 'SELECT entity_set AS name, epoch FROM gateway.set_versions');
    await asked(
      citus,
      `UPDATE gateway.set_versions SET epoch = o.epoch FROM unnest($1::text[], $2::uuid[]) AS o(name, epoch) WHERE entity_set = o.name`,
      [versions.map(({ name }) => name), versions.map(({ epoch }) => epoch)],
    );
    await run(citus, 'place');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
