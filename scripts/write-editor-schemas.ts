import { mkdirSync, writeFileSync } from 'node:fs';
import { accessEditorSchema } from '../src/access/access-schema.ts';
import { editorSchemas } from '../src/catalogue/compile/schema/editor-schema.ts';

/** Writes `metadata/schema/*.json` anew: `npx tsx scripts/write-editor-schemas.ts`, after a change of the metadata schema. */
const folder = new URL('../metadata/schema/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of [...editorSchemas(), ['access.json', accessEditorSchema()] as const]) {
  writeFileSync(new URL(name, folder), text);
}
