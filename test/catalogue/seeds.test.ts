import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Export } from '../../src/catalogue/catalogue.ts';
import { foldHeader } from '../../src/catalogue/compile/export/fold-header.ts';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';

const seeds = new URL('../../../shared/seeds/', import.meta.url);
const directory = new URL('../../metadata', import.meta.url).pathname;

/** The header cells of every table of a document, table by table. */
type Tables = readonly (readonly string[])[];

function tables(text: string, begin: RegExp, cell: RegExp): Tables {
  return text
    .split(begin)
    .slice(1)
    .map((block) =>
      [...block.matchAll(cell)].map((match) => (match[1] ?? '').trim()).filter((header) => header !== ''),
    );
}

/** Documented headers of an export in a language, in the order of the metadata. */
function documented(one: Export, language: string): readonly string[] {
  return one.columns.flatMap((column) =>
    column.headers.filter((header) => header.basis === 'documented' && header.language === language).map((h) => h.text),
  );
}

describe('the metadata compared with the vendors’ documents', () => {
  const catalogue = requireCatalogue(directory, {});
  const exportsOf = (source: string): readonly Export[] => catalogue.exports.filter((one) => one.source === source);
  const read = (name: string): string => readFileSync(new URL(name, seeds), 'utf8');

  before(function () {
    // The documents are not part of this repository.
    if (!existsSync(seeds)) {
      this.skip();
    }
  });

  const compareTables = (found: Tables, source: string, options: { language: string; inOrder: boolean }): void => {
    const left = new Set(exportsOf(source));
    for (const headers of found) {
      const arranged = (list: readonly string[]): readonly string[] => (options.inOrder ? list : [...list].sort());
      const match = [...left].find(
        (one) => JSON.stringify(arranged(documented(one, options.language))) === JSON.stringify(arranged(headers)),
      );
      assert.ok(match, `no export has exactly these headers: ${headers.join(' | ')}`);
      left.delete(match);
    }
    assert.deepEqual(
      [...left].map((one) => one.set),
      [],
    );
  };

  it('English inbox document: 12 tables, every header, in order', () => {
    const text = read('sparkcentral-data-exports.txt').replace(/^System User Type \|\n/m, 'System User Type | x |\n');
    const found = tables(text, /^Header \| Description \|\n---\|---\|\n/m, /^([^|\n]+) \| .*\|$/gm);
    assert.equal(found.length, 12);
    assert.equal(found.flat().length, 206);
    compareTables(found, 'sparkcentral', { language: 'en', inOrder: true });
  });

  it('French inbox document: 12 tables, every header', () => {
    const text = read('hootsuite-inbox-2.0-exports.fr.txt').replace(/^([^|\n]+) \|\n(?!---)/gm, '$1 | x |\n');
    const found = tables(text, /^en-tête \| La description \|\n---\|---\|\n/m, /^([^|\n]+) \| .*\|?$/gm);
    assert.equal(found.length, 12);
    assert.equal(found.flat().length, 211);
    compareTables(found, 'hootsuite-inbox', { language: 'fr', inOrder: false });
  });

  it('desk document: 13 tables, every header, in order', () => {
    const text = read('tracebuzz-data-export-1.9.txt').split('ID\tCONDITIONS')[0] ?? '';
    const found = tables(
      text,
      /^(?:FIELD\tDESCRIPTION|\tDESCRIPTION\tCALCULATION\tCONDITIONS)$/m,
      /^([A-Z][A-Za-z_ [\]%#]*)\t(?!\d)/gm,
    );
    assert.equal(found.length, 13);
    assert.equal(found.flat().length, 164);
    compareTables(found, 'tracebuzz', { language: 'en', inOrder: true });
  });

  it('desk document: every reason of a queue change, word by word', () => {
    const block = read('tracebuzz-data-export-1.9.txt').split('ID\tCONDITIONS\n')[1] ?? '';
    const reasons = catalogue.sets.get('TracebuzzQueueChangeReasons');
    assert.ok(reasons?.kind === 'stored' && reasons.derivation?.kind === 'rows');
    assert.deepEqual(
      reasons.derivation.rows,
      [...block.matchAll(/^(\d+)\t(.*)$/gm)].map((match) => [match[1], match[2]]),
    );
  });

  it('feed document: 20 field tables, every field, in order', () => {
    const lines = read('buzzeasy-odata-feed.txt').split('\n');
    const width = (set: string): number => catalogue.model.entitySets.get(set)?.entityType.properties.size ?? 0;
    // Widest first: the fields of a narrow set occur in many tables.
    const sets = [...catalogue.sets.values()]
      .filter((set) => set.kind === 'upstream')
      .sort((left, right) => width(right.name) - width(left.name));
    let fields = 0;
    for (const [number, line] of lines.entries()) {
      if (line.trim() !== 'Field Description') {
        continue;
      }
      const block = lines.slice(
        number + 1,
        lines.findIndex((text, at) => at > number && text.trim() === ''),
      );
      const match = sets.find((set) => {
        const properties = [...(catalogue.model.entitySets.get(set.name)?.entityType.properties.keys() ?? [])];
        let at = 0;
        for (const text of block) {
          const first = /^\s*(routing mode|\S+)/.exec(text)?.[1] ?? '';
          if (foldHeader(first).replace(' ', '') === foldHeader(properties[at] ?? '')) {
            at++;
          }
        }
        return at === properties.length && properties.length > 0 && block.length >= at;
      });
      assert.ok(match, `no set has the fields of line ${number + 1}: ${block.join(' | ').slice(0, 200)}`);
      fields += width(match.name);
      sets.splice(sets.indexOf(match), 1);
    }
    assert.equal(sets.length, 6);
    assert.equal(fields, 204);
  });
});
