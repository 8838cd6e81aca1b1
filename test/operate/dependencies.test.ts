import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.resolve(import.meta.dirname, '../..');

describe('the packages that the program needs', () => {
  it('have licences that ask for nothing but their notice; the list has all of package.json', () => {
    const script = path.join(root, 'scripts/list-dependencies.ts');
    const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', script], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(
      status,
      0,
      stdout
        .split('\n')
        .filter((line) => line.includes('<-'))
        .join('\n'),
    );
    const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const listed = new Set(stdout.split('\n').map((line) => line.split(' ')[0]));
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !listed.has(name)),
      [],
    );
  });
});
