import { z } from 'zod';

const place = 'Where the secret stands: { env: NAME } or { file: PATH }. It is read anew when it is needed.';
/** A place whose name comes from a variable that is not set is none. */
const secret = z
  .union(
    [
      z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable') }),
      z.strictObject({ file: z.string().min(1).nullable() }),
    ],
    { error: '{ env: NAME } or { file: PATH }: a secret does not stand in the metadata' },
  )
  .nullable()
  .optional();

const text = z
  .string()
  .trim()
  .regex(/^[^\u0000-\u001f\u007f]+$/, 'a text without control characters')
  .nullable()
  .optional();
const days = z.number().min(1).max(10_000).nullable().optional();

export const signInKinds = [
  'none',
  'bearer',
  'basic',
  'client-credentials',
  'refresh-token',
  'device-code',
  'caller',
] as const;

/**
 * How the gateway signs in at a feed. Which keys belong to which kind is checked by build-sign-in.ts: values come from the
 * environment, and one that is not set is a key that does not stand there.
 */
export const signInSchema = z.strictObject({
  kind: z.enum(signInKinds).nullable().optional().describe('Default: none, or bearer where tokenFile is given.'),
  token: secret.describe(`Of bearer. ${place}`),
  user: text.describe('Of basic.'),
  password: secret.describe(`Of basic. ${place}`),
  issuer: text.describe('Address of the server that gives tokens; its endpoints are found below it.'),
  tokenEndpoint: text.describe('Instead of issuer: where tokens are asked for.'),
  deviceEndpoint: text.describe('Beside tokenEndpoint, of device-code: where a code is asked for.'),
  clientId: text.describe('The gateway, as the server knows it.'),
  clientSecret: secret.describe(place),
  certificate: secret.describe(`Instead of clientSecret: PEM, with the private key beside it. ${place}`),
  privateKey: secret.describe(`Private key of the certificate, where it stands by itself. ${place}`),
  passphrase: secret.describe(`Of the private key. ${place}`),
  scope: text.describe('What tokens are for, blank-separated.'),
  resource: text.describe('What tokens are for, at servers that ask for resource instead of scope.'),
  refreshToken: secret.describe(`Of refresh-token: the first one. ${place}`),
  refreshTokenDays: days.describe('Days that a refresh token lives, where the server does not say. Default: 90.'),
  signInDays: days.describe('Days after which a person must sign in again in any case. Default: never.'),
});

export type SignInEntry = z.infer<typeof signInSchema>;
