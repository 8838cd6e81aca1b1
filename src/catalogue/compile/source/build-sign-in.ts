import type { SecretPlace } from '../../delivery-settings.ts';
import type { ClientCredential, ClientSettings, Lasting, SignInSettings, TokenServer } from '../../sign-in-settings.ts';
import type { SourceDraft } from '../documents/draft.ts';
import type { SignInEntry } from '../schema/sign-in-schema.ts';

type Kind = SignInSettings['kind'];
type Key = Exclude<keyof SignInEntry, 'kind'>;

const ofClients = [
  ...(['issuer', 'tokenEndpoint', 'clientId', 'clientSecret', 'certificate', 'privateKey', 'passphrase'] as const),
  ...(['scope', 'resource'] as const),
];
const ofLasting = ['refreshTokenDays', 'signInDays'] as const;

const keysOf: Readonly<Record<Kind, readonly Key[]>> = {
  none: [],
  bearer: ['token'],
  basic: ['user', 'password'],
  'client-credentials': ofClients,
  'refresh-token': [...ofClients, ...ofLasting, 'refreshToken'],
  'device-code': [...ofClients, ...ofLasting, 'deviceEndpoint'],
  caller: [],
};

/** How the gateway signs in at the feed of a source, resolved. What its keys say together is checked here, and reported at its place. */
export function buildSignIn(source: SourceDraft): SignInSettings {
  const { signIn = {}, tokenFile = null } = source.entry.upstream ?? {};
  const kind = signIn.kind ?? (tokenFile === null ? 'none' : 'bearer');
  const draft: Draft = {
    signIn,
    kind,
    report: (key, ...words) => source.report(['upstream', 'signIn', key], ...words),
  };
  for (const key of Object.keys(signIn) as (keyof SignInEntry)[]) {
    if (key !== 'kind' && isGiven(signIn, key) && !keysOf[kind].includes(key)) {
      const kinds = (Object.keys(keysOf) as Kind[]).filter((one) => keysOf[one].includes(key));
      draft.report(key, `"${key}" has no meaning for kind: ${kind}.`, `Remove it, or use kind: ${kinds.join(' or ')}.`);
    }
  }
  if (tokenFile !== null && (kind !== 'bearer' || isGiven(signIn, 'token'))) {
    // A kind that was chosen as "none" beside a token would be a feed that is asked without it.
    source.report(
      ['upstream', 'tokenFile'],
      `tokenFile is a sign-in of kind bearer, and another one is given (kind: ${kind}).`,
      'Give one of them.',
    );
  }
  return Object.freeze(settingsOf(draft, tokenFile));
}

interface Draft {
  readonly signIn: SignInEntry;
  readonly kind: Kind;
  readonly report: (key: Key, message: string, remedy: string) => void;
}

function settingsOf(draft: Draft, tokenFile: string | null): SignInSettings {
  const { signIn, kind } = draft;
  switch (kind) {
    case 'none':
    case 'caller':
      return { kind };
    case 'bearer':
      return { kind, token: tokenFile === null ? secretOf(draft, 'token') : { kind: 'file', path: tokenFile } };
    case 'basic': {
      const user = textOf(draft, 'user');
      if (user.includes(':')) {
        draft.report('user', 'A name with a colon cannot be sent.', 'Use another name.');
      }
      return { kind, user, password: secretOf(draft, 'password') };
    }
    case 'client-credentials': {
      const client = clientOf(draft);
      if (client.credential === null) {
        draft.report('clientSecret', 'Nothing says what the client proves itself with.', forSecret('clientSecret'));
      }
      return { kind, ...client };
    }
    case 'refresh-token': {
      const refreshToken = secretOf(draft, 'refreshToken');
      return { kind, ...clientOf(draft), ...lastingOf(signIn), refreshToken };
    }
    case 'device-code': {
      const client = clientOf(draft);
      if (client.server.kind === 'endpoints' && client.server.device === null) {
        draft.report('deviceEndpoint', 'Nothing says where a code is asked for.', 'Add it, or give issuer instead.');
      }
      return { kind, ...client, ...lastingOf(signIn) };
    }
  }
}

function clientOf(draft: Draft): ClientSettings {
  const { scope, resource } = draft.signIn;
  return {
    server: serverOf(draft),
    clientId: textOf(draft, 'clientId'),
    credential: credentialOf(draft),
    scope: scope ?? null,
    resource: resource ?? null,
  };
}

function serverOf(draft: Draft): TokenServer {
  const { issuer = null, tokenEndpoint = null, deviceEndpoint = null } = draft.signIn;
  for (const key of ['issuer', 'tokenEndpoint', 'deviceEndpoint'] as const) {
    const address = draft.signIn[key] ?? null;
    if (address !== null && !isSafe(address)) {
      const remedy = 'Give an https address without a query; http is for this machine alone, e.g. in tests.';
      draft.report(key, 'Secrets cannot be sent there.', remedy);
    }
  }
  if (tokenEndpoint === null) {
    if (issuer === null) {
      draft.report('issuer', 'Nothing says where tokens are asked for.', 'Add issuer, or tokenEndpoint.');
    }
    if (deviceEndpoint !== null) {
      draft.report('deviceEndpoint', 'It belongs to tokenEndpoint, which is not given.', 'Add that, or remove this.');
    }
    return { kind: 'issuer', url: (issuer ?? '').replace(/\/+$/, '') };
  }
  if (issuer !== null) {
    draft.report('tokenEndpoint', 'The endpoints of the issuer are found by themselves.', 'Give one of the two.');
  }
  return { kind: 'endpoints', token: tokenEndpoint, device: deviceEndpoint };
}

function credentialOf(draft: Draft): ClientCredential | null {
  const secret = placeOf(draft.signIn.clientSecret);
  const certificate = placeOf(draft.signIn.certificate);
  const privateKey = placeOf(draft.signIn.privateKey);
  const passphrase = placeOf(draft.signIn.passphrase);
  if (certificate !== null) {
    if (secret !== null) {
      draft.report('clientSecret', 'A client proves itself in one way.', 'Give clientSecret or certificate.');
    }
    return { kind: 'certificate', certificate, privateKey, passphrase };
  }
  for (const key of ['privateKey', 'passphrase'] as const) {
    if (isGiven(draft.signIn, key)) {
      draft.report(key, 'It belongs to a certificate, which is not given.', forSecret('certificate'));
    }
  }
  return secret === null ? null : { kind: 'secret', secret };
}

function lastingOf({ refreshTokenDays, signInDays }: SignInEntry): Lasting {
  return { refreshTokenDays: refreshTokenDays ?? 90, signInDays: signInDays ?? null };
}

function textOf(draft: Draft, key: 'user' | 'clientId'): string {
  const given = draft.signIn[key] ?? null;
  if (given === null) {
    draft.report(key, `kind: ${draft.kind} needs it.`, `Add ${key}, or set the variable that it names.`);
  }
  return given ?? '';
}

function secretOf(draft: Draft, key: 'token' | 'password' | 'refreshToken'): SecretPlace {
  const given = placeOf(draft.signIn[key]);
  if (given === null) {
    draft.report(key, `kind: ${draft.kind} needs it.`, forSecret(key));
  }
  return given ?? { kind: 'file', path: '' };
}

const forSecret = (key: Key): string =>
  `Add ${key}: { env: NAME } or { file: PATH }, or set the variable that it names.`;

function placeOf(given: SignInEntry['token']): SecretPlace | null {
  if (given === undefined || given === null) {
    return null;
  }
  if ('env' in given) {
    return { kind: 'environment', name: given.env };
  }
  return given.file === null ? null : { kind: 'file', path: given.file };
}

function isGiven(signIn: SignInEntry, key: Key): boolean {
  const value = signIn[key] ?? null;
  return value !== null && !(typeof value === 'object' && 'file' in value && value.file === null);
}

/** Whether secrets can be sent to an address: encrypted, or without leaving this machine. */
function isSafe(address: string): boolean {
  return /^(https:\/\/[^\s?#@]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/[^\s?#@]*)?)$/.test(address);
}
