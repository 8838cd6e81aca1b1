import { z } from 'zod';

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,127}$/, 'a name: a letter, then up to 127 letters, digits or _');
const setReference = z
  .string()
  .regex(/^([a-z0-9][a-z0-9-]*\.)?[A-Za-z][A-Za-z0-9_]{0,127}$/, 'the name of a set, or <source>.<set>');
/** YAML reads `true`, `0` and `null` as values of its own; as expressions they are the same literals. */
const expression = z
  .union([z.string().trim().min(1, 'an OData expression'), z.number(), z.boolean(), z.null()])
  .transform(String)
  .describe('OData expression over the properties of this set.');

const where = expression.optional().describe('Other rows do not count.');
const aggregate = z
  .union([
    z.strictObject({ sum: expression, where }),
    z.strictObject({ min: expression, where }),
    z.strictObject({ max: expression, where }),
    z.strictObject({ count: z.literal(true), where }),
    z.strictObject({ first: expression, by: expression, where }),
    z.strictObject({ last: expression, by: expression, where }),
  ])
  .describe('A value made of many rows.');

/** How rows of a set become rows of one unified set. */
const contribution = z.strictObject({
  id: z
    .union([name.transform((one) => [one]), z.array(name).min(1)])
    .describe('Properties that say within the source which thing it is.'),
  idPrefix: z
    .string()
    .regex(/^[a-z][a-z0-9]*-$/, 'lower-case letters and a hyphen, e.g. "queue-"')
    .optional()
    .describe('Stands before the id where things of several kinds could have the same one.'),
  rank: z.int().optional().describe('Of rows of one thing that are equally new the one with the smaller rank counts.'),
  where: expression.optional().describe('Rows for which it is not true make none.'),
  grouped: z.boolean().optional().describe('true: all rows with the same id make one row.'),
  gather: z
    .array(
      z.strictObject({
        from: setReference.describe('Set whose rows are looked at.'),
        join: z.record(name, name).describe('Own property to theirs.'),
        values: z.record(name, aggregate),
      }),
    )
    .optional()
    .describe('Values made of rows of another set, under names that the expressions may use.'),
  local: z
    .record(name, z.strictObject({ of: name, part: z.enum(['date', 'hour', 'quarter', 'time']) }))
    .optional()
    .describe('Values made of points in time, in the reporting zone, under names that ids and expressions may use.'),
  days: z
    .strictObject({
      from: name.describe('Property with the begin of a span of time.'),
      to: name.optional().describe('Property with its end.'),
      lasts: name.optional().describe('Property with its length in seconds, where no property has the end.'),
      as: name.describe('Name of the local day.'),
      seconds: name.optional().describe('Name of the seconds of the span in that day.'),
      whole: z.boolean().optional().describe('true: rows whose span is not exactly one local day make none.'),
    })
    .refine(({ to, lasts }) => (to === undefined) !== (lasts === undefined), 'either "to" or "lasts"')
    .optional()
    .describe('The row is looked at by local days: a span that runs over midnight is cut.'),
  alone: z
    .boolean()
    .optional()
    .describe(
      'true: the source says such rows itself, and none are made for it of other unified sets ("unless: alone").',
    ),
  unless: z
    .literal('alone')
    .optional()
    .describe('Rows of unified sets: sources that say "alone: true" have none of these.'),
  columns: z.record(name, z.union([expression, aggregate])).describe('What the properties of the unified set are.'),
  absent: z.record(name, z.string().trim().min(1)).optional().describe('Why this source says nothing, by property.'),
});

export const unifySchema = z
  .record(name, z.union([contribution, z.array(contribution).min(1)]))
  .describe('How the rows speak the common language, by unified set.');

export const localSchema = z
  .strictObject({ of: name, part: z.enum(['date', 'hour']) })
  .describe('Unified sets: calendar day or hour of a point in time, in the reporting zone.');

export const sourceKeySchema = z
  .union([
    z.literal(true),
    z.strictObject({
      through: z.strictObject({
        set: name.describe('Unified set of accounts.'),
        property: name.describe('Its property that says whose the account is.'),
      }),
    }),
  ])
  .describe('Unified sets: sources give an id of theirs, and the key is made of it.');

export const statedSchema = z
  .strictObject({ of: name, seconds: z.record(z.string().min(1), z.number().positive()) })
  .describe('Unified sets: seconds that the operator states, by the value of another property; others have none.');

export const runningSchema = z
  .strictObject({ plus: name, minus: name, over: name, same: z.array(name) })
  .describe('Unified sets: what is left at the end of each day, of what was added and taken until then.');

export const matchSchema = z
  .strictObject({
    as: name.describe('Own property that gets the key of the first of the rows that are one thing.'),
    by: name.describe('Rows with equal texts in it, but for the case of letters, are one thing.'),
    same: z
      .array(z.array(z.string().min(3)).min(2))
      .optional()
      .describe('Keys of rows that are one thing, whatever they say.'),
  })
  .describe('Unified sets: which rows are one thing.');

export const calendarSchema = z
  .array(z.strictObject({ set: name, property: name }))
  .min(1)
  .describe('Unified sets: the days of the years in which these dates lie.');

export type ContributionEntry = z.infer<typeof contribution>;
export type AggregateEntry = z.infer<typeof aggregate>;
