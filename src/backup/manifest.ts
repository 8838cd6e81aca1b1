import { z } from 'zod';

/** Raised when a reader of today could not read what is written then. */
export const backupFormat = 1;
/** The last part of a backup: whoever finds it has all of it. */
export const manifestName = 'manifest.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** One member of the archive. `bytes` and `sha256` are those of the content, not of its compressed form. */
const part = z.strictObject({ part: z.string(), bytes: z.number().int().nonnegative(), sha256 });

const column = z.strictObject({
  name: z.string(),
  /** As `format_type` prints it. */
  type: z.string(),
  notNull: z.boolean(),
  collation: z.string().nullable(),
  /** Expression of its default, or of a generated column. */
  expression: z.string().nullable(),
  /** `a`: GENERATED ALWAYS, `d`: BY DEFAULT AS IDENTITY, empty: neither. As `pg_attribute.attidentity`. */
  identity: z.enum(['', 'a', 'd']),
  /** Computed from the others: its values are no part of the backup. */
  generated: z.boolean(),
});

const table = z.strictObject({
  schema: z.string(),
  name: z.string(),
  columns: z.array(column),
  /** `name` and definition as `pg_get_constraintdef` prints it; NOT NULL stands at the columns. */
  constraints: z.array(z.strictObject({ name: z.string(), definition: z.string() })),
  /** CREATE INDEX statements, without those that constraints make. */
  indexes: z.array(z.string()),
  /** Whether the role that answers requests may read it. */
  readable: z.boolean(),
});

/** A counter: of an identity column, or by itself where `column` is null. */
const sequence = z.strictObject({
  schema: z.string(),
  name: z.string(),
  table: z.string().nullable(),
  column: z.string().nullable(),
  value: z.string().regex(/^-?\d+$/),
  called: z.boolean(),
});

const keptFile = part.extend({
  /** Below its folder, with `/`. */
  path: z.string().refine((text) => text.split('/').every((step) => !['', '.', '..'].includes(step)), {
    error: 'must lie below its folder',
  }),
  modified: z.iso.datetime(),
});

/** `drop`: below the drop folder; `uploads`: below the folder of uploads. */
const placedFile = keptFile.extend({ place: z.enum(['drop', 'uploads']) });

export const manifestSchema = z.strictObject({
  format: z.literal(backupFormat),
  /** Version of the program that wrote it. */
  program: z.string(),
  /** The moment of the snapshot. */
  made: z.iso.datetime(),
  /** Version of the PostgreSQL that it was read from. */
  server: z.string(),
  migrations: z.array(z.strictObject({ name: z.string(), sha256 })),
  tables: z.array(part.extend({ ...table.shape, rows: z.number().int().nonnegative() })),
  sequences: z.array(sequence),
  /** `loaded/...` and `refused/...` of each place; null: they were left out. */
  files: z.array(placedFile).nullable(),
  metadata: z.array(keptFile),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Part = z.infer<typeof part>;
export type TableStructure = z.infer<typeof table>;
export type StoredColumn = z.infer<typeof column>;
export type SequenceState = z.infer<typeof sequence>;
export type KeptFile = z.infer<typeof keptFile>;
export type PlacedFile = z.infer<typeof placedFile>;
/** A table with its rows. */
export type TablePart = Manifest['tables'][number];
