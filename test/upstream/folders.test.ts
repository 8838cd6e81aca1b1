import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const upstream = path.join(import.meta.dirname, '../../src/upstream');

/** Files of folders of `src/upstream` that import another one of them. */
function importersOf(target: string, folders: readonly string[]): readonly string[] {
  return folders
    .flatMap((folder) => readdirSync(path.join(upstream, folder)).map((name) => path.join(folder, name)))
    .filter((file) => readFileSync(path.join(upstream, file), 'utf8').includes(`from '../${target}/`));
}

describe('the folders of src/upstream', () => {
  it('ask a feed and read its replies without knowing how feeds are tried', () => {
    assert.deepEqual(importersOf('trials', ['reading', 'url', 'client', 'sign-in']), []);
    assert.notDeepEqual(importersOf('reading', ['trials']), []);
  });
});
