import { z } from 'zod';

/** What a role may let somebody do. */
export const operations = ['read', 'ingest', 'replay', 'administer'] as const;
export type Operation = (typeof operations)[number];

const names = z.array(z.string().min(1)).min(1);
const classes = z.array(z.enum(['direct', 'indirect', 'pseudonym', 'content', 'employee'])).min(1);

/** All that is said has to hold; of each list one suffices. */
const whoSchema = z
  .strictObject({
    everyone: z.literal(true).describe('Whoever asks, signed in or not.').optional(),
    names: names.describe('Names of passwords and API keys: lines of AUTH_BASIC_FILE and AUTH_KEY_FILE.').optional(),
    ids: names.describe('Ids of principals, as the log and audit say them: never given to anybody else.').optional(),
    kinds: z
      .array(z.enum(['basic', 'key', 'entra', 'oidc']))
      .min(1)
      .describe('How somebody signed in.')
      .optional(),
    tenants: names.describe("Entra's tenant id, or the issuer of another provider.").optional(),
    roles: names.describe('Roles of the application (claim roles).').optional(),
    groups: names.describe('Ids of groups (claim groups).').optional(),
    scopes: names.describe('What the client may do for a person (claim scp or scope).').optional(),
  })
  .refine(
    (who) => Object.keys(who).length > 0,
    'at least one of everyone, names, ids, kinds, tenants, roles, groups and scopes',
  );

const readSchema = z
  .strictObject({
    all: z.literal(true).describe('All sets, save those for administrators.').optional(),
    sources: names.describe('All sets of these sources.').optional(),
    sets: names.describe('Names of entity sets.').optional(),
    except: names.describe('Sets that all and sources leave out.').optional(),
    columns: names.describe('These properties and the key, and no others.').optional(),
    hide: names.describe('All properties but these.').optional(),
    hideClasses: classes.describe('All properties but those of these classes of personal data.').optional(),
    mask: classes.describe('Properties of these classes are masked (docs/personal-data.md).').optional(),
    rows: z.string().min(1).describe('Which rows, as an OData $filter; $user/claim is a claim of who asks.').optional(),
  })
  .refine(({ all, sources, sets }) => all ?? sources ?? sets, 'at least one of all, sources and sets');

const roleSchema = z.strictObject({
  description: z.string().optional(),
  who: z.array(whoSchema).min(1).describe('Who has the role: whoever one of these fits.'),
  operations: z.array(z.enum(operations)).min(1).describe('What the role lets do; absent: read.').optional(),
  read: z.array(readSchema).describe('What is read; absent: nothing.').optional(),
});

const claim = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]);

/** What `ACCESS_FILE` may say; closed: a word that is not here is a fault. */
export const accessSchema = z.strictObject({
  roles: z.record(z.string().regex(/^[A-Za-z][\w-]{0,63}$/), roleSchema),
  claims: z
    .record(z.string().min(1), z.record(z.string().regex(/^[A-Za-z_]\w{0,63}$/), claim))
    .describe('Claims of passwords and API keys, by their names, which bring none.')
    .optional(),
});

export type AccessDocument = z.infer<typeof accessSchema>;
export type RoleDocument = z.infer<typeof roleSchema>;
export type WhoDocument = z.infer<typeof whoSchema>;
export type ReadDocument = z.infer<typeof readSchema>;

/** The JSON schema of a file of rules, for editors: `metadata/schema/access.json`, a text with a final line end. */
export const accessEditorSchema = (): string =>
  `${JSON.stringify({ title: 'Who may read what: access.yaml', ...z.toJSONSchema(accessSchema, { unrepresentable: 'any' }) }, null, 2)}\n`;
