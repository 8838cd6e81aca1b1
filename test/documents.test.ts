import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventKinds } from '../src/observation/observation.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  ...readdirSync(root).filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md'),
  ...readdirSync(path.join(root, 'docs')).map((file) => `docs/${file}`),
];

/** Files and folders of the project that a text names; patterns like `src/<room>` and `*.ts` name none. */
function namedPaths(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w/.-])(?:src|test|docs|scripts|bench|migrations|findings|bin)\/[\w./<>*-]+/g)]
    .map(([name]) => name.replace(/[.,/]+$/, ''))
    .filter((name) => !/[<>*]/.test(name));
}

/** The targets of links within the project, relative to the document, without their anchor. */
function linkedFiles(text: string): readonly string[] {
  return [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
}

const missing = (document: string, text: string): readonly string[] => [
  ...namedPaths(text).filter((name) => !existsSync(path.join(root, name))),
  ...linkedFiles(text).filter((name) => !existsSync(path.join(root, path.dirname(document), name))),
];

describe('the documents', () => {
  it('name no file that is not there', () => {
    assert.deepEqual(missing('docs/x.md', 'see `src/no/file.ts`, src/plan/ and [that](none.md#a)'), [
      'src/no/file.ts',
      'none.md',
    ]);
    for (const document of documents) {
      assert.deepEqual(missing(document, readFileSync(path.join(root, document), 'utf8')), [], document);
    }
  });

  it('say since when each decision holds', () => {
    const text = readFileSync(path.join(root, 'docs/decisions.md'), 'utf8');
    for (const part of text.split(/^## /m).slice(1)) {
      assert.match(part, /^[^\n]+\n\n_(?:Accepted|Superseded) \d{4}-\d\d-\d\d\b[^\n]*_\n/, part.split('\n')[0]);
    }
  });

  it('name the release that package.json names', () => {
    const [, released] =
      /^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$/m.exec(readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8')) ?? [];
    for (const file of ['package.json', 'package-lock.json']) {
      const [, version] = /^ {2}"version": "([^"]+)"/m.exec(readFileSync(path.join(root, file), 'utf8')) ?? [];
      assert.equal(version, released, file);
    }
  });

  it('say in docs/operate.md what to do at each event that may be a warning or an error: a new one asks for its row there', () => {
    const book = readFileSync(path.join(root, 'docs/operate.md'), 'utf8');
    const told = [...book.matchAll(/^\| `([a-z-]+)` \| ([a-z, ]+) \| (.+) \|$/gm)].map(
      ([, name, levels = '', todo = '']) => {
        assert.ok(todo.length > 10, name);
        return [name, levels.split(', ').sort()];
      },
    );
    const loud = Object.entries(eventKinds).flatMap(([name, { level }]) => {
      const levels = [
        ...new Set([...String(level).matchAll(/\b(warn|error|fatal)\b/g)].map(([found]) => found)),
      ].sort();
      return levels.length === 0 ? [] : [[name, levels]];
    });
    assert.deepEqual(Object.fromEntries(told), Object.fromEntries(loud));
  });
});
