import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { editorSchemas } from '../../src/catalogue/compile/schema/editor-schema.ts';
import { encodings } from '../../src/catalogue/compile/schema/schema.ts';

const text = readFileSync(new URL('../../docs/metadata.md', import.meta.url), 'utf8');

/** Every key of a JSON schema, of what stands inside it too. */
function keys(schema: unknown): readonly string[] {
  if (Array.isArray(schema)) {
    return schema.flatMap(keys);
  }
  if (typeof schema !== 'object' || schema === null) {
    return [];
  }
  const own =
    'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : [];
  return [...own, ...Object.values(schema).flatMap(keys)];
}

describe('docs/metadata.md', () => {
  it('explains every key and every encoding', () => {
    const all = new Set([...[...editorSchemas().values()].flatMap((schema) => keys(JSON.parse(schema))), ...encodings]);
    // A key of ours is called properties, so two words of JSON Schema look like keys below it.
    for (const word of ['propertyNames', 'additionalProperties']) {
      all.delete(word);
    }
    assert.ok(all.size > 50);
    assert.deepEqual(
      [...all].filter((key) => !new RegExp(`\\b${key}\\b`).test(text)),
      [],
    );
  });

  it('shows an export in one file that loads as it stands', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const { catalogue, faults } = buildCatalogue([{ file: 'orders.yaml', text: example }], {});
    assert.deepEqual(faults.map(faultText), []);
    assert.equal(catalogue?.exports[0]?.set, 'AcmeOrders');
  });
});
