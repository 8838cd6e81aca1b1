import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { requireCatalogue } from '../../src/catalogue/read-metadata.ts';
import { unifiedFaults } from '../../src/unify/bind-unified.ts';
import { modelPage, unsaidColumns } from '../../src/unify/model-page.ts';

describe('docs/model.md', () => {
  const catalogue = requireCatalogue('metadata', {});

  it('is what the metadata says; if not, run: npx tsx scripts/write-model-page.ts', () => {
    assert.equal(readFileSync('docs/model.md', 'utf8'), modelPage(catalogue));
  });

  it('says of every column and source what it is made of, or why it is null', () => {
    assert.deepEqual(unsaidColumns(catalogue), []);
  });

  it('has no expression at fault', () => {
    assert.deepEqual(unifiedFaults(catalogue), []);
  });
});
