import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { builtFiles } from '../../src/commands/browser-console/built-files.ts';

describe('the files of the console', () => {
  it('are one script and one stylesheet of 150 kB at most as sent, and name no other server', async () => {
    const files = await builtFiles();
    assert.deepEqual(files.map(({ name }) => name.replace(/^console-\w+/, '')).sort(), ['.css', '.js']);
    const sizes = files.map(({ contents }) => gzipSync(contents).length);
    assert.ok(sizes.reduce((sum, one) => sum + one) <= 150 * 1024, String(sizes));
    for (const { name, contents } of files) {
      const text = Buffer.from(contents).toString();
      const named = [...text.matchAll(/https?:\/\/[\w.-]+/g)]
        .map(([url]) => url)
        .filter((url) => !url.endsWith('//www.w3.org'));
      assert.deepEqual(named, [], name);
      assert.doesNotMatch(text, /\beval\(|new Function\(|@import|sourceMappingURL/);
    }
  });
});
