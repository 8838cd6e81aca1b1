import { z } from 'zod';

const secret = z
  .union(
    [
      z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable') }),
      z.strictObject({ file: z.string().min(1) }),
    ],
    { error: '{ env: NAME } or { file: PATH }: a secret does not stand in the metadata' },
  )
  .describe('Where the secret stands: { env: NAME } or { file: PATH }. It is read anew for each connection.');

/** A path of the server: no control characters, which would be commands of their own. */
const remotePath = z
  .string()
  .min(1)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'a path without control characters');

const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'a fingerprint "SHA256:" with 43 characters, as ssh-keygen -lf prints it');

/** One server whose files are fetched. What its keys say together is checked by build-deliveries.ts. */
export const deliverySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens')
    .optional()
    .describe('Tells it from other deliveries of the source. Default: the kind.'),
  kind: z.enum(['ftp', 'ftps', 'sftp']),
  tls: z.enum(['explicit', 'implicit']).optional().describe('kind ftps: how TLS begins. Default: explicit.'),
  host: z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'a host name or address'),
  port: z.int().min(1).max(65_535).optional().describe('Default: 21, of implicit ftps 990, of sftp 22.'),
  user: z
    .string()
    .min(1)
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'a name without control characters'),
  password: secret.optional(),
  privateKey: secret.optional().describe('kind sftp: OpenSSH or PEM; of PuTTY files only those of version 2 with RSA.'),
  passphrase: secret.optional().describe('Of the private key.'),
  hostKey: z
    .union([fingerprint, z.array(fingerprint).min(1)])
    .optional()
    .describe('kind sftp, required: fingerprint of the host key, or several while it changes.'),
  caFile: z.string().min(1).optional().describe('kind ftps: PEM file of the authority to trust instead of the usual.'),
  directory: remotePath.optional().describe('Default: where the login leads.'),
  patterns: z.array(z.string().min(1)).optional().describe('Regular expressions for file names. Default: all.'),
  recursive: z.boolean().optional().describe('Look into the directories below. Default: false.'),
  afterLoad: z
    .union([z.enum(['leave', 'delete']), z.strictObject({ archive: remotePath })])
    .optional()
    .describe('What happens on the server to a file that was taken in. Default: leave.'),
  schedule: z
    .string()
    .regex(/^\S+( +\S+){4,5}$/, 'a cron expression of five fields, or six with seconds')
    .optional()
    .describe('Cron expression, read in UTC. Default: every five minutes.'),
  minimumAgeSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .optional()
    .describe('Seconds for which a file must have been listed unchanged. Default: that of the source.'),
  stuckAfterMinutes: z
    .number()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Minutes after which a file that is still not complete is told. Default: 60.'),
  timeoutSeconds: z.number().min(1).max(3600).optional().describe('Seconds of silence that are allowed. Default: 60.'),
});

/** A file `deliveries.yaml` beside `source.yaml`: what an operator adds to a vendor's metadata without a change of it. */
export const deliveriesSchema = z.strictObject({ deliveries: z.array(deliverySchema) });

export type DeliveryEntry = z.infer<typeof deliverySchema>;
