import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writesGolden } from '../support/golden.ts';
import { outcome } from './bind-text.ts';

/**
 * `golden/*.txt`: blocks parted by an empty line: `# rule`, `GET url`, then the plan or the error. To write the
 * outcomes anew after a wanted change, run with GOLDEN=write (see writesGolden) and read the difference.
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
  if (writesGolden()) {
    const written = blocks.map(({ rule, url }) => `# ${rule}\nGET ${url}\n${outcome(url)}\n`);
    writeFileSync(file, written.join('\n'));
  }
  describe(`plan: ${name.replace('.txt', '')}`, () => {
    for (const { rule, url, expected } of blocks) {
      it(`${rule}: ${url}`, () => assert.equal(outcome(url), expected));
    }
  });
}

describe('the switch that writes golden files', () => {
  it('is off, on for GOLDEN=write, and refused in CI and with another value', () => {
    assert.equal(writesGolden({}), false);
    assert.equal(writesGolden({ CI: 'true' }), false);
    assert.equal(writesGolden({ GOLDEN: 'write' }), true);
    assert.throws(() => writesGolden({ GOLDEN: 'write', CI: 'true' }), /refused in CI/);
    assert.throws(() => writesGolden({ GOLDEN: '1' }), /GOLDEN=write/);
  });
});
