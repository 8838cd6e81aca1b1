import assert from 'node:assert/strict';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import type { Environment } from '../../src/catalogue/compile/documents/expand-environment.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';

const feed = (signIn: string, tokenFile = ''): string =>
  `title: Feed\ndescription: Feed.\nkind: odata\nprefix: Feed\nupstream:\n  url: https://feed.example/odata\n${tokenFile}  signIn:\n${signIn
    .trim()
    .split('\n')
    .map((line) => `    ${line.trim()}\n`)
    .join('')}`;

function built(text: string, environment: Environment = {}) {
  const { catalogue, faults } = buildCatalogue([{ file: 'feed/source.yaml', text }], environment);
  return {
    signIn: catalogue?.sources.get('feed')?.upstream?.signIn,
    faults: faults.map(faultText).map((fault) => fault.replace(/^feed\/source\.yaml:\d+ /, '')),
  };
}

/** All keys with variables of their own, as a vendor's source.yaml has them. */
const all = `
kind: "\${KIND}"
user: "\${USER_NAME}"
password: { file: "\${PASSWORD_FILE}" }
issuer: "\${ISSUER}"
tokenEndpoint: "\${TOKEN_ENDPOINT}"
clientId: "\${CLIENT_ID}"
clientSecret: { file: "\${SECRET_FILE}" }
certificate: { file: "\${CERTIFICATE_FILE}" }
scope: "\${SCOPE}"
resource: "\${RESOURCE}"`;

describe('upstream.signIn of a source', () => {
  it('takes its keys from variables; one that is not set does not stand there', () => {
    assert.deepEqual(built(feed(all)), { signIn: { kind: 'none' }, faults: [] });
    const basic = { KIND: 'basic', USER_NAME: 'reader', PASSWORD_FILE: '/run/password' };
    assert.deepEqual(built(feed(all), basic).signIn, {
      kind: 'basic',
      user: 'reader',
      password: { kind: 'file', path: '/run/password' },
    });
    const client = {
      ...{ KIND: 'client-credentials', ISSUER: 'https://login.example/tenant/v2.0/', CLIENT_ID: 'gateway' },
      ...{ CERTIFICATE_FILE: '/run/client.pem', SCOPE: 'https://feed.example/.default' },
    };
    assert.deepEqual(built(feed(all), client), {
      signIn: {
        kind: 'client-credentials',
        server: { kind: 'issuer', url: 'https://login.example/tenant/v2.0' },
        clientId: 'gateway',
        credential: {
          kind: 'certificate',
          certificate: { kind: 'file', path: '/run/client.pem' },
          ...{ privateKey: null, passphrase: null },
        },
        ...{ scope: 'https://feed.example/.default', resource: null },
      },
      faults: [],
    });
  });

  it('tokenFile is one of kind bearer', () => {
    const line = `  tokenFile: "\${TOKEN_FILE}"\n`;
    assert.deepEqual(built(feed(all, line), { TOKEN_FILE: '/run/token' }).signIn, {
      kind: 'bearer',
      token: { kind: 'file', path: '/run/token' },
    });
    const { faults } = built(feed(all, line), { TOKEN_FILE: '/run/token', KIND: 'none' });
    assert.match(faults[0] ?? '', /^upstream\.tokenFile: .*another one is given \(kind: none\)/);
  });

  const faulty: readonly (readonly [what: string, text: string, fault: RegExp])[] = [
    ['a secret itself', 'kind: bearer\ntoken: geheim', /token: .*does not stand in the metadata/],
    ['a kind that nobody knows', 'kind: ntlm', /kind: .*not one of the known ones/],
    [
      'a key of another kind',
      'kind: basic\nuser: a\npassword: { env: P }\nclientId: b',
      /clientId: .*no meaning for kind: basic.*client-credentials/,
    ],
    ['no name', 'kind: basic\npassword: { env: P }', /user: kind: basic needs it/],
    ['no password', 'kind: basic\nuser: a', /password: kind: basic needs it/],
    ['a name with a colon', 'kind: basic\nuser: "a:b"\npassword: { env: P }', /colon/],
    [
      'no server',
      'kind: client-credentials\nclientId: a\nclientSecret: { env: S }',
      /issuer: Nothing says where tokens/,
    ],
    [
      'no client',
      'kind: client-credentials\nissuer: https://login.example\nclientSecret: { env: S }',
      /clientId: .*needs it/,
    ],
    [
      'nothing to prove with',
      'kind: client-credentials\nissuer: https://login.example\nclientId: a',
      /clientSecret: Nothing says/,
    ],
    [
      'two proofs',
      'kind: client-credentials\nissuer: https://login.example\nclientId: a\nclientSecret: { env: S }\ncertificate: { env: C }',
      /clientSecret: A client proves itself in one way/,
    ],
    [
      'a key without its certificate',
      'kind: client-credentials\nissuer: https://login.example\nclientId: a\nclientSecret: { env: S }\nprivateKey: { env: C }',
      /privateKey: It belongs to a certificate/,
    ],
    [
      'an address that is not encrypted',
      'kind: client-credentials\nissuer: http://login.example\nclientId: a\nclientSecret: { env: S }',
      /issuer: Secrets cannot be sent there/,
    ],
    [
      'a code without an address to ask for it',
      'kind: device-code\ntokenEndpoint: https://a.example/token\nclientId: a',
      /deviceEndpoint: Nothing says where a code/,
    ],
    [
      'a refresh token that is not given',
      'kind: refresh-token\nissuer: https://a.example\nclientId: a\nrefreshToken: { file: "${' + 'NOT_SET}" }',
      /refreshToken: kind: refresh-token needs it/,
    ],
    [
      'two servers',
      'kind: client-credentials\nissuer: https://a.example\ntokenEndpoint: https://a.example/token\nclientId: a\nclientSecret: { env: S }',
      /tokenEndpoint: .*Give one of the two/,
    ],
  ];
  for (const [what, text, fault] of faulty) {
    it(`refuses ${what}, at its place`, () => {
      const { faults } = built(feed(text));
      assert.equal(faults.length, 1, faults.join('\n'));
      assert.match(faults[0] ?? '', fault);
      assert.match(faults[0] ?? '', /^upstream\.signIn\./);
    });
  }

  it('rows that are read with the token of whoever asks are not kept', () => {
    const archives = (signIn: string): unknown => {
      const files = [
        { file: 'feed/source.yaml', text: `${feed(signIn)}archive: true\n` },
        {
          file: 'feed/calls.yaml',
          text: 'set: Calls\ntitle: Calls\ndescription: Calls.\nkey: [id]\narchive: { serve: both }\nproperties:\n  id: { type: Int64, personalData: none, description: Key., example: "1" }\n',
        },
      ];
      const { catalogue, faults } = buildCatalogue(files, {});
      assert.deepEqual(faults.map(faultText), []);
      const set = catalogue?.sets.get('FeedCalls');
      return [catalogue?.sources.get('feed')?.archive?.sets != null, set !== undefined && 'archive' in set];
    };
    assert.deepEqual(archives('kind: none'), [true, true]);
    assert.deepEqual(archives('kind: caller'), [false, false]);
  });
});
