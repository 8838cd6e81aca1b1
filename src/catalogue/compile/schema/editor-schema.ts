import { z } from 'zod';
import { deliveriesSchema } from './delivery-schema.ts';
import { exportSchema, propertySchema, sourceSchema } from './schema.ts';

/** A document of an extending source: what the extended source already says may be left out. */
const extensionSchema = exportSchema.partial().extend({
  properties: z.record(z.string(), propertySchema.partial()).optional(),
});

/**
 * JSON schemas for editors, by file name, generated from the schema the loader uses, as texts with a final line end.
 * `metadata/schema/` holds them; a test compares.
 */
export function editorSchemas(): ReadonlyMap<string, string> {
  const text = (schema: z.ZodType, title: string): string =>
    `${JSON.stringify({ title, ...z.toJSONSchema(schema, { unrepresentable: 'any' }) }, null, 2)}\n`;
  return new Map([
    ['source.json', text(sourceSchema, 'A source: source.yaml')],
    ['deliveries.json', text(deliveriesSchema, 'Servers whose files a source fetches: deliveries.yaml')],
    ['export.json', text(exportSchema, 'An entity set')],
    ['extension.json', text(extensionSchema, 'An entity set of an extending source: only what differs')],
  ]);
}
