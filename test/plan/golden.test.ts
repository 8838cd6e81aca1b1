import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { outcome } from './bind-text.ts';

/**
 * `golden/*.txt`: blocks parted by an empty line: `# rule`, `GET url`, then the plan or the error. To write the
 * outcomes anew after a wanted change, run with GOLDEN=write and read the difference.
 */
const folder = new URL('golden/', import.meta.url);

interface Block {
  readonly rule: string;
  readonly url: string;
  readonly expected: string;
}

function blocksOf(text: string): Block[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const [rule = '', url = '', ...expected] = block.split('\n');
      assert.match(rule, /^# /, block);
      assert.match(url, /^GET /, block);
      return { rule: rule.slice(2), url: url.slice(4), expected: expected.join('\n') };
    });
}

for (const name of readdirSync(folder).sort()) {
  const file = new URL(name, folder);
  const blocks = blocksOf(readFileSync(file, 'utf8'));
  if (process.env['GOLDEN'] === 'write') {
    const written = blocks.map(({ rule, url }) => `# ${rule}\nGET ${url}\n${outcome(url)}\n`);
    writeFileSync(file, written.join('\n'));
  }
  describe(`plan: ${name.replace('.txt', '')}`, () => {
    for (const { rule, url, expected } of blocks) {
      it(`${rule}: ${url}`, () => assert.equal(outcome(url), expected));
    }
  });
}
