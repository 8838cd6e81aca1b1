import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const book = readFileSync(new URL('../../docs/operate.md', import.meta.url), 'utf8');

describe('What deploy/ and docs/operate.md say', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-deploy-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const verify = has('systemd-analyze') ? it : it.skip;
  verify(`units that systemd takes${has('systemd-analyze') ? '' : ' (not here: systemd-analyze)'}`, () => {
    const units = readdirSync('deploy/systemd').map((name) => {
      const file = path.join(folder, name);
      // Where the program of a unit is not installed, systemd has nothing else to say.
      const text = readFileSync(path.join('deploy/systemd', name), 'utf8');
      writeFileSync(file, text.replaceAll('/usr/bin/node ', `${process.execPath} `));
      return file;
    });
    assert.equal(units.length, 3);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' });
    assert.deepEqual([status, stdout + stderr], [0, '']);
    const broken = path.join(folder, 'broken.service');
    writeFileSync(broken, readFileSync(units[1] ?? '', 'utf8').replace('ExecStart=', 'ExecBegin='));
    assert.notEqual(spawnSync('systemd-analyze', ['verify', broken]).stderr.length, 0, 'it would say what is wrong');
  });

  const rotate = has('logrotate') ? it : it.skip;
  rotate(`a rotation that logrotate takes${has('logrotate') ? '' : ' (not here: logrotate)'}`, () => {
    const file = path.join(folder, 'rotate');
    writeFileSync(file, readFileSync('deploy/logrotate/odata-gateway', 'utf8'));
    chmodSync(file, 0o644);
    const { status, stderr } = spawnSync('logrotate', ['--debug', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /error:/);
  });

  it('a file of the repository at each procedure', () => {
    const sections = book.split(/^## /m).slice(1);
    const unproven = sections.filter((text) => /```sh/.test(text) && !/test\/[\w/-]+\.test\.ts/.test(text));
    assert.deepEqual(
      unproven.map((text) => text.split('\n')[0]),
      [],
    );
  });
});
