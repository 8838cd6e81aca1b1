import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';

const tests = path.resolve(import.meta.dirname, '..');
const document = readFileSync(path.join(tests, '../docs/conformance.md'), 'utf8');

interface Line {
  readonly section: string;
  readonly line: string;
  readonly state: string;
  /** `file: title`, the file below `test/` without its ending. */
  readonly shownBy: readonly string[];
}

const lines = document.split('\n## ').flatMap((part): Line[] => {
  const section = part.split('\n')[0] ?? '';
  return part
    .split('\n')
    .filter((row) => /^\| \d/.test(row))
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, line = '', , state = '', shown = '']) => ({
      section,
      line,
      state,
      shownBy: shown === '' ? [] : shown.split('<br>'),
    }));
});

/** The titles of a test file, as they are written there or in the shapes that it tries. */
function titlesOf(file: string): string[] {
  const files = [`${file}.test.ts`, `${file}-shapes.ts`].map((name) => path.join(tests, name)).filter(existsSync);
  const text = files.map((one) => readFileSync(one, 'utf8')).join('');
  return [...text.matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map((match) => match[2] ?? '');
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));
const within = (line: string, parts: readonly string[]): string[] => parts.map((part) => `${line}${part}`);

/** Every line that the OData specification has in its section 13, by level. */
const asked: Readonly<Record<string, readonly string[]>> = {
  '4.0 Minimal': numbers(16),
  '4.0 Intermediate': numbers(17).flatMap((line) => (line === '7' ? within('7.', numbers(5)) : [line])),
  '4.0 Advanced': numbers(16).flatMap((line) => (line === '9' ? within('9.', numbers(9)) : [line])),
  '4.01 Minimal': numbers(17).flatMap((line) => (line === '9' ? within('9', [...'abcdefghijklmn']) : [line])),
  '4.01 Intermediate': numbers(11),
  '4.01 Advanced': numbers(10).flatMap((line) => (line === '5' ? within('5.', numbers(5)) : [line])),
};

describe('docs/conformance.md', () => {
  it('has every line of every level once', () => {
    for (const [section, wanted] of Object.entries(asked)) {
      assert.deepEqual(
        lines.filter((row) => row.section === section).map((row) => row.line),
        wanted,
        section,
      );
    }
  });

  it('says of every line that it is supported, refused with 501, or why it does not apply', () => {
    for (const { section, line, state } of lines) {
      assert.match(state, /^(supported\b|refused with 501: \S|not applicable: \S)/, `${section} ${line}`);
    }
  });

  it('names a test for every line that is supported', () => {
    for (const { section, line, state, shownBy } of lines) {
      if (state.startsWith('supported')) {
        assert.ok(shownBy.length > 0, `${section} ${line}`);
      }
    }
  });

  it('names only tests that exist', () => {
    for (const { section, line, shownBy } of lines) {
      for (const shown of shownBy) {
        const [file = '', title = ''] = [shown.slice(0, shown.indexOf(': ')), shown.slice(shown.indexOf(': ') + 2)];
        assert.ok(titlesOf(file).includes(title), `${section} ${line}: ${shown}`);
      }
    }
  });

  it('names every conformance test', () => {
    const named = new Set(lines.flatMap((row) => row.shownBy));
    const files = readdirSync(import.meta.dirname).filter((name) =>
      /^(?!conformance-table|.*\.long).*\.test\.ts$/.test(name),
    );
    assert.ok(files.length >= 7);
    for (const file of files.map((name) => `conformance/${name.replace('.test.ts', '')}`)) {
      for (const title of titlesOf(file)) {
        assert.ok(named.has(`${file}: ${title}`), `${file}: ${title}`);
      }
    }
  });
});
