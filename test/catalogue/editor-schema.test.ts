import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { accessEditorSchema } from '../../src/access/access-schema.ts';
import { editorSchemas } from '../../src/catalogue/compile/schema/editor-schema.ts';

const folder = new URL('../../metadata/schema/', import.meta.url).pathname;

describe('editor schemas', () => {
  it('are those of the loader; if not, run: npx tsx scripts/write-editor-schemas.ts', () => {
    const schemas = new Map([...editorSchemas(), ['access.json', accessEditorSchema()]]);
    assert.deepEqual(readdirSync(folder).sort(), [...schemas.keys()].sort());
    for (const [name, text] of schemas) {
      assert.equal(readFileSync(folder + name, 'utf8'), text, name);
    }
  });

  it('are closed: no key beside the known ones', () => {
    for (const [name, text] of [...editorSchemas(), ['access.json', accessEditorSchema()] as const]) {
      assert.equal((JSON.parse(text) as { additionalProperties?: unknown }).additionalProperties, false, name);
    }
  });
});
