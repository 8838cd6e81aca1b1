import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fill, shop, usePlaces, useWorld } from '../backup/support/shop.ts';
import { gatewayCommand } from '../e2e/remedies/command-line.ts';

const book = readFileSync(new URL('../../docs/operate.md', import.meta.url), 'utf8');

/** The lines of a section that somebody types, without their comments. */
function typed(section: string): readonly string[] {
  const text = book.split(/^## /m).find((part) => part.startsWith(`${section}\n`));
  assert.ok(text !== undefined, `docs/operate.md has no section ${section}`);
  return [...text.matchAll(/^(?:\d\. | *)```sh\n([\s\S]*?)^ *```$/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '');
}

describe('The commands of docs/operate.md, as they are printed', () => {
  const world = useWorld();
  const place = usePlaces();
  const made: string[] = [];
  after(() => {
    for (const folder of made) {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  /** An empty folder for each name, the same one when it comes again. */
  const folders = new Map<string, string>();
  const folderOf = (name: string): string => {
    const folder = folders.get(name) ?? mkdtempSync(path.join(os.tmpdir(), 'gw-book-'));
    folders.set(name, folder);
    made.push(folder);
    return folder;
  };

  beforeEach(async () => {
    await world().begin();
    folders.clear();
    shop(world());
    await fill(world());
  });

  /** Runs a line; in front of the command may stand settings, as a shell has them. */
  const type = async (line: string, external: string): Promise<string> => {
    const backups = path.join(world().folder, 'backups');
    const newest = (): string => path.join(backups, readdirSync(backups).sort().at(-1) ?? '');
    const own = line
      .replace(/\/backups\/(\S*\.zip)?/, (_, file?: string) => (file === undefined ? `${backups}/` : newest()))
      .replace('postgres://gateway@db.example.com/gateway', external);
    const [, settings = '', command = ''] = /^((?:[A-Z_]+=\S+ )*)(.*)$/.exec(own) ?? [];
    if (settings === '') {
      if (/^gateway restore (?!--replace)/.test(command)) {
        // Step 2 of the book: an empty database.
        await world().rows('DROP SCHEMA gateway, feed, gateway_archive CASCADE');
      }
      return world().works(command);
    }
    const given = Object.fromEntries(
      settings
        .trim()
        .split(' ')
        .map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
    );
    const folder = folderOf(given['DATA_DIR'] ?? 'external');
    const environment = {
      ...given,
      DATA_DIR: path.join(folder, 'data'),
      METADATA_DIR: path.join(world().folder, 'metadata'),
    };
    const { code, output } = await gatewayCommand(command, environment);
    const allowed = command === 'gateway status' ? [0, 1, 2] : [0];
    assert.ok(allowed.includes(code), `${line}\n${output}`);
    return output;
  };

  for (const section of [
    'Backup',
    'Restore',
    'Moving between the embedded PostgreSQL and another',
    'Upgrade and downgrade',
    'Disk',
    'The routine',
  ]) {
    it(section, async () => {
      const lines = typed(section);
      assert.ok(lines.length > 0);
      const { connectionString } = await place();
      if (!lines[0]?.startsWith('gateway backup')) {
        await type('gateway backup /backups/', connectionString);
      }
      for (const line of lines) {
        const output = await type(line, connectionString);
        if (line.includes('gateway restore')) {
          assert.match(output, /^restored as of /m);
        }
        if (line === 'gateway disk') {
          assert.match(output, /^feed\.AcmeOrders +\d+ +\d+\.\d MB +\d+\.\d MB +[\d,]+$/m);
          assert.match(output, /^loaded +0\.0 MB in 4 files$/m);
        }
      }
    });
  }
});
