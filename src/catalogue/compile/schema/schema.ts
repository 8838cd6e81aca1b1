import { z } from 'zod';
import { spanPattern } from '../../archive-settings.ts';
import type { Encoding } from '../../catalogue.ts';
import { keptForPattern } from '../../retention.ts';
import { deliverySchema } from './delivery-schema.ts';
import { signInSchema } from './sign-in-schema.ts';
import {
  calendarSchema,
  localSchema,
  matchSchema,
  runningSchema,
  sourceKeySchema,
  statedSchema,
  unifySchema,
} from './unify-schema.ts';

/**
 * What a metadata file may say: a closed schema, from which the editor schema is generated too. Whatever one value says
 * alone is checked here; what values say together is checked where the catalogue is built.
 */

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,127}$/, 'a name: a letter, then up to 127 letters, digits or _');
/** A set of the same source, `Users`, or of another one, `vendor.Users`. Prefixes are added by the gateway. */
const setReference = z
  .string()
  .regex(/^([a-z0-9][a-z0-9-]*\.)?[A-Za-z][A-Za-z0-9_]{0,127}$/, 'the name of a set, or <source>.<set>');
const sentence = z.string().trim().min(1, 'some text');
const pattern = z.string().refine(compiles, { message: 'a regular expression that compiles' });

function compiles(text: string): boolean {
  try {
    new RegExp(text, 'iu');
    return true;
  } catch {
    return false;
  }
}

/** The primitive types that a property may have, as metadata names them: without `Edm.`. */
export const typeNames = [
  'Binary',
  'Boolean',
  'Byte',
  'Date',
  'DateTimeOffset',
  'Decimal',
  'Double',
  'Duration',
  'Guid',
  'Int16',
  'Int32',
  'Int64',
  'SByte',
  'Single',
  'String',
  'TimeOfDay',
] as const;

export const encodings = [
  'text',
  'integer',
  'decimal',
  'boolean',
  'unix-seconds',
  'date-time',
  'date',
  'time-of-day',
  'duration-seconds',
  'percentage',
  'label-list',
  'list',
  'moment',
] as const satisfies readonly Encoding[];

/** What becomes of personal data before it is stored. */
const policy = z.enum(['keep', 'drop', 'mask', 'hash']);
const personalPolicies = z
  .strictObject({
    direct: policy,
    indirect: policy,
    pseudonym: policy,
    content: policy,
    employee: policy,
    extras: z
      .enum(['keep', 'drop', 'hash'])
      .describe('Cells under unknown headers; otherwise drop as soon as any class is not kept.'),
  })
  .partial();

/** How long something is kept, e.g. `24 months`. */
const keptForText = z.string().regex(keptForPattern, 'a number of days, months or years, e.g. "24 months"');

/** A span of time, e.g. `3 days`. */
const span = z.string().regex(spanPattern, 'a number of minutes, hours or days, e.g. "3 days"');
const archiveShape = {
  overlap: span.describe('How far behind the newest copied row each copy looks again; otherwise 3 days.'),
  serve: z
    .enum(['live', 'archive', 'both'])
    .describe('live: the feed; archive: what was copied; both (otherwise): the archive, brought up to the feed first.'),
  wholeEvery: span.describe('How often sets without a point in time are compared whole; otherwise 1 day.'),
  keep: keptForText.describe('How long rows are kept, counted from their point in time; otherwise for ever.'),
  freshFor: span.describe('How long "both" takes a copy to be as new as the feed; otherwise 1 minute.'),
};
const sourceArchive = z.union([
  z.boolean(),
  z.strictObject({ schedule: z.string().min(9).describe('Cron expression in UTC.'), ...archiveShape }).partial(),
]);
const setArchive = z.union([
  z.boolean(),
  z
    .strictObject({
      by: name.nullable().describe('Property with the point in time in UTC by which rows are copied; null: none.'),
      ...archiveShape,
    })
    .partial(),
]);

const headerTexts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const computed = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('sha256'), of: z.array(name).min(1) }),
    z.strictObject({ kind: z.literal('period'), bound: z.enum(['start', 'end']) }),
    z.strictObject({ kind: z.literal('match'), of: name, pattern }),
    z.strictObject({ kind: z.literal('instant'), date: name, time: name }),
    z.strictObject({ kind: z.literal('ambiguous-time'), date: name, time: name }),
    z.strictObject({ kind: z.literal('text-if-not-integer'), of: name }),
  ])
  .describe('How the gateway computes a value that no cell holds.');

const navigationTarget = z.union([
  setReference,
  z.strictObject({
    set: setReference,
    as: name.optional().describe('Name of the navigation property; otherwise the property name without Id.'),
    partner: name.optional().describe('Name of the collection on the target; otherwise made from the set name.'),
    oneWay: z.boolean().optional().describe('true: the target gets no collection.'),
  }),
]);

const served = 'What somebody who reads the feed needs to know; Core.Description in $metadata.';
/** Why a set or property is as it is, with the id of the open question: for people who maintain the metadata. */
const decisions = z
  .array(sentence)
  .min(1)
  .optional()
  .describe('Decisions on open questions, e.g. "[SC-12] ..."; not served.');

export const propertySchema = z.strictObject({
  type: z.enum(typeNames).describe('OData primitive type, without Edm.'),
  collection: z.boolean().optional().describe('Collection of the type; proxied sets only.'),
  nullable: z.boolean().optional().describe('Default: true, false in the key.'),
  maxLength: z.int().min(1).optional(),
  precision: z.int().min(0).max(1000).optional(),
  scale: z.union([z.int().min(0).max(1000), z.literal('variable')]).optional(),
  encoding: z.enum(encodings).optional().describe('How a cell becomes a value; otherwise by the type.'),
  header: z.string().min(1).optional().describe('Column header; otherwise the property name.'),
  assumed: z.boolean().optional().describe('true: the header is our guess, no document prints it.'),
  documented: z.record(z.string().min(2), headerTexts).optional().describe('Headers printed in other languages.'),
  aliases: z
    .array(z.union([z.string().min(1), z.strictObject({ text: z.string().min(1), language: z.string().min(2) })]))
    .optional()
    .describe('Other spellings that are accepted, in this export only.'),
  required: z.boolean().optional().describe('A file without the column is refused. Default: not nullable.'),
  keepIfEmpty: z.boolean().optional().describe('An empty cell never overwrites a stored value.'),
  samples: z
    .union([
      z.strictObject({ values: z.array(z.string()).min(1), of: name.optional() }),
      z.strictObject({ names: z.array(z.string()).min(1), of: name }),
      z.strictObject({ shareOf: name, percent: z.tuple([z.int().min(0), z.int().max(100)]) }),
    ])
    .optional()
    .describe(
      'Cells of made-up rows, each value as often as it stands here; `of`: rows with equal cells there have the same. Names: one each for the things that `of` names, and no more things than names. `shareOf`: a count that is so much of the count in that property, from the first per cent to the last.',
    ),
  emptyAs: z.string().optional().describe('Text that an empty cell stands for.'),
  position: z.int().min(1).optional().describe('1-based place that identifies the column when all others are found.'),
  joinedTo: name.optional().describe('Encoding moment: the date property a bare time of day belongs to.'),
  codeList: setReference.optional().describe('Set of fixed rows that lists the known values.'),
  references: navigationTarget.optional().describe('Set whose one-property key this property holds.'),
  personalData: z.enum(['none', 'direct', 'indirect', 'pseudonym', 'content', 'employee']),
  policy: policy
    .optional()
    .describe('What becomes of the values before they are stored; otherwise what the class says.'),
  computed: computed.optional(),
  local: localSchema.optional(),
  sourceKey: sourceKeySchema.optional(),
  serviceLevelSeconds: statedSchema.optional(),
  running: runningSchema.optional(),
  upstreamNames: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        divisor: z
          .int()
          .min(2)
          .optional()
          .describe('The whole numbers of the feed are that many to one of ours, e.g. 1000 for milliseconds.'),
      }),
    )
    .min(1)
    .optional()
    .describe('What other generations of the proxied feed call the property.'),
  description: sentence.describe(served),
  decisions,
  example: z.string().describe('One realistic cell, as it stands in a file.'),
});

const filesShape = {
  timeZone: z.string().min(1),
  nullTokens: z.array(z.string()),
  fallbackEncoding: z.enum(['windows-1252', 'iso-8859-1']),
  delimiters: z.array(z.string().length(1)).min(1),
  dateTimePatterns: z.array(z.string().min(1)),
  decimalMark: z.enum(['.', ',']),
  temporarySuffixes: z.array(z.string().min(1)),
  maxRejectedPercent: z
    .number()
    .min(0)
    .max(100)
    .describe('A file of more than 20 rows with a greater share of rejected rows is refused; 0: any reject refuses.'),
  onRowError: z
    .enum(['quarantine', 'skip', 'fail'])
    .describe(
      'A row that cannot be taken is kept and waits (quarantine), is noted without its text (skip), or refuses its file (fail).',
    ),
};
export const fileDefaultsSchema = z.strictObject(filesShape).partial();

const delivery = z.strictObject({
  minimumAgeSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .optional()
    .describe('Seconds that a file in the drop folder must have been seen unchanged before it is loaded.'),
  completeMark: z
    .string()
    .regex(/^\.(?!csv$)[^/\\\s]+$/i, 'must be an ending such as ".done"')
    .nullable()
    .optional()
    .describe('Ending of the file that the sender writes last, beside the export; null: age decides.'),
});

const upstreamSettings = z.strictObject({
  url: z
    .string()
    .nullable()
    .describe('Service root; usually the name of an environment variable in braces after a dollar sign.'),
  tokenFile: z.string().nullable().optional().describe('Short for signIn: { kind: bearer, token: { file: PATH } }.'),
  signIn: signInSchema.optional().describe('How the gateway signs in at the feed. Default: not at all.'),
  maxUrlLength: z.int().min(256).optional(),
  timeoutSeconds: z.number().positive().optional(),
  maxConcurrentRequests: z.int().min(1).max(256).optional(),
  metadataSchedule: z.string().min(9).optional(),
});

const expect = z
  .string()
  .trim()
  .min(1, 'how often files come, or null')
  .nullable()
  .optional()
  .describe('How often files come, e.g. "daily by 07:00 Europe/Amsterdam"; null: nobody knows.');

const sourceShape = {
  title: sentence,
  description: sentence,
  kind: z.enum(['files', 'odata', 'unified']).describe('unified: the sets over all sources; there is one such folder.'),
  prefix: z.string().regex(/^([A-Za-z][A-Za-z0-9_]{0,63})?$/, 'the start of a name, or empty'),
  extends: z.string().min(1).optional().describe('Source whose files are taken over, under the own prefix.'),
  moved: z
    .array(z.array(z.string().min(1)).min(2))
    .optional()
    .describe(
      'kind: unified: sources of one product between which a customer moved; of an id that several have the first counts.',
    ),
  files: fileDefaultsSchema.optional(),
  expect,
  delivery: delivery.optional(),
  deliveries: z.array(deliverySchema).optional().describe('Servers whose files are fetched; or in deliveries.yaml.'),
  personalData: personalPolicies
    .optional()
    .describe('What becomes of each class of personal data before it is stored; otherwise keep.'),
  retention: z
    .strictObject({
      files: keptForText.describe('Files in loaded/ and refused/.'),
      rejects: keptForText.describe('Texts of rejected rows and samples of unknown columns.'),
    })
    .partial()
    .optional()
    .describe('How long else than rows is kept; otherwise until somebody removes it.'),
  upstream: upstreamSettings.optional(),
  archive: sourceArchive
    .optional()
    .describe('Rows of a proxied feed are copied into PostgreSQL and kept; otherwise no. See docs/archive.md.'),
};
export const sourceSchema = z.strictObject(sourceShape);
export const inlineSourceSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and hyphens'),
  ...sourceShape,
});

const winner = name.nullable().optional().describe('Property whose greater value wins; then the newer file.');
const write = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('upsert'), winner }),
  z.strictObject({ mode: z.literal('snapshot'), winner, missing: z.enum(['keep', 'hide']) }),
  z.strictObject({ mode: z.literal('restate'), winner, period: z.array(name).min(1) }),
  z.strictObject({ mode: z.literal('delete-insert'), winner, parent: z.array(name).min(1) }),
]);

const rule = z
  .strictObject({ directory: pattern.optional(), name: pattern.optional(), example: z.string().optional() })
  .refine((given) => given.directory !== undefined || given.name !== undefined, { message: 'directory, name or both' });

const columnMap = z.record(name, name);
const listColumn = z.strictObject({ property: name, as: name });
const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const exportSchema = z.strictObject({
  source: inlineSourceSchema.optional().describe('A source stated here, for a source that is one file.'),
  set: name.describe('Entity set name without the prefix of the source.'),
  entity: name.optional().describe('Entity type name without the prefix, singular; otherwise the set name.'),
  title: sentence,
  description: sentence.describe(served),
  decisions,
  files: z.array(rule).optional().describe('How a file of this export is recognised, besides its header.'),
  fileDefaults: fileDefaultsSchema.optional(),
  expect,
  personalData: personalPolicies.optional().describe('Over what the source says.'),
  retention: z
    .strictObject({
      keep: keptForText,
      by: name.describe('Date or point in time of a row that it is counted from.'),
    })
    .optional()
    .describe('How long rows are kept; otherwise until a file removes them.'),
  key: z.array(name).min(1),
  write: write.optional(),
  deletionMarker: name
    .optional()
    .describe('Property with a value in rows that the vendor deleted: kept cells (keepIfEmpty) are emptied.'),
  period: z.strictObject({ name: pattern.nullable(), format: z.string().min(1) }).optional(),
  properties: z.record(name, propertySchema),
  navigation: z
    .record(
      name,
      z.strictObject({
        set: setReference,
        join: columnMap,
        partner: name.optional(),
        oneWay: z.boolean().optional(),
        description: sentence.optional(),
      }),
    )
    .optional()
    .describe('Navigation over several properties: ours to the key of the target.'),
  searchable: z.array(name).optional().describe('Text properties that $search looks into.'),
  indexes: z.array(z.array(name).min(1)).optional().describe('Indexes besides those on the key, references and times.'),
  rows: z.array(z.record(name, cell)).optional().describe('The rows of a code list, by property.'),
  seedRows: z.array(z.record(name, cell)).optional().describe('Rows besides those of the files.'),
  bridge: z
    .strictObject({
      from: setReference,
      parent: columnMap,
      carries: columnMap.optional().describe('Further properties of the parent to own ones.'),
      list: listColumn,
      paired: listColumn.optional(),
      position: name.optional(),
    })
    .optional()
    .describe('One row for each member of a list column.'),
  dimension: z
    .array(
      z.strictObject({
        set: setReference,
        columns: columnMap.optional().describe('Own property to theirs; otherwise those with equal names.'),
        stamp: name.optional(),
        rank: z.int(),
        follows: z.boolean(),
      }),
    )
    .min(1)
    .optional()
    .describe('Distinct things that other sets name.'),
  calendar: calendarSchema.optional(),
  match: matchSchema.optional(),
  combine: z
    .boolean()
    .optional()
    .describe('Unified sets: true where several exports say different columns of one thing.'),
  unify: unifySchema.optional(),
  archive: setArchive.optional().describe('Rows of this proxied set are kept, or not; otherwise as the source says.'),
  refreshed: z
    .string()
    .regex(/^daily at (?:[01]\d|2[0-3]):[0-5]\d UTC$/, '"daily at HH:MM UTC"')
    .optional()
    .describe('When the proxied feed refreshes the rows, e.g. "daily at 00:00 UTC"; otherwise at any time.'),
  upstreamName: z.string().min(1).optional().describe('Name of the set in the proxied feed, where it is known.'),
});

export type PropertyEntry = z.infer<typeof propertySchema>;
export type PersonalPoliciesEntry = z.infer<typeof personalPolicies>;
export type SourceEntry = z.infer<typeof sourceSchema>;
export type ExportEntry = z.infer<typeof exportSchema>;
export type FileDefaultsEntry = z.infer<typeof fileDefaultsSchema>;
