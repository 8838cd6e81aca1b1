import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { removeLeftSpools } from '../../src/ingest/delivery/take/left-spools.ts';
import { FolderSpool, machine, spoolNames } from '../../src/ingest/delivery/take/spool.ts';

describe('spools of killed programs', () => {
  it('go with the next start; those of programs that live stay, and those of other machines for a day', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'gateway-spools-'));
    const make = (name: string, hoursAgo = 0): string => {
      mkdirSync(path.join(folder, name));
      writeFileSync(path.join(folder, name, 'file'), 'a,b');
      const made = new Date(Date.now() - hoursAgo * 3_600_000);
      utimesSync(path.join(folder, name), made, made);
      return name;
    };
    const spool = new FolderSpool(folder);
    writeFileSync(await spool.place(), 'x');
    const [ours = ''] = readdirSync(folder);
    assert.ok(ours.startsWith(`${spoolNames}${machine}-${process.pid}-`));
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const stay = [
      ours,
      make(`${spoolNames}${machine}-${process.ppid}-alive`, 48),
      make(`${spoolNames}0123abcd-1-elsewhere`, 23),
      make('gateway-other', 48),
    ];
    make(`${spoolNames}${machine}-${dead}-killed`);
    // As this program has the number of one that was killed before it started.
    make(`${spoolNames}${machine}-${process.pid}-before`, 24);
    make(`${spoolNames}0123abcd-1-elsewhere-old`, 25);
    make(`${spoolNames}AbCdEf`, 25);
    await removeLeftSpools([folder, path.join(folder, 'nowhere')]);
    assert.deepEqual(readdirSync(folder).sort(), stay.toSorted());
    await spool.clear();
    assert.ok(!existsSync(path.join(folder, ours)));
  });
});
