import { createHash, createPrivateKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { type ClientAuth, modifyAssertion, PrivateKeyJwt } from 'openid-client';
import type { ClientCredential } from '../../catalogue/sign-in-settings.ts';
import { GatewayError } from '../../errors.ts';
import { readSecret, type SecretOwner } from './secrets.ts';

/** A certificate with its private key, read and found to belong together. */
export interface ClientCertificate {
  readonly key: KeyObject;
  /** SHA-256 of the certificate's DER, base64url: by it the server finds the registered one. */
  readonly thumbprint: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

type CertificateSettings = Extract<ClientCredential, { readonly kind: 'certificate' }>;

/** Reads certificate and key from their places. Throws GatewayError UpstreamRefused. */
export async function readClientCertificate(
  settings: CertificateSettings,
  owner: SecretOwner,
): Promise<ClientCertificate> {
  const { certificate: place, privateKey, passphrase } = settings;
  const pem = await readSecret(place, 'certificate', owner);
  const keyPem = privateKey === null ? pem : await readSecret(privateKey, 'private key', owner);
  const phrase = passphrase === null ? null : await readSecret(passphrase, 'passphrase', owner);
  const invalid = (why: string, cause?: unknown): GatewayError =>
    new GatewayError('UpstreamRefused', `The certificate of the proxied feed ${owner.source} ${why}.`, { cause });
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw invalid('is no PEM text with a certificate', cause);
  }
  try {
    key = createPrivateKey({ key: privateKeyBlock(keyPem), ...(phrase === null ? {} : { passphrase: phrase }) });
  } catch (cause) {
    throw invalid('has no private key in PEM that can be read with the passphrase given', cause);
  }
  if (!certificate.checkPrivateKey(key)) {
    throw invalid('and its private key do not belong together');
  }
  return {
    key,
    thumbprint: createHash('sha256').update(certificate.raw).digest('base64url'),
    notAfter: Date.parse(certificate.validTo),
  };
}

/** A file may have certificate and key in any order, and other certificates behind. */
function privateKeyBlock(pem: string): string {
  const block = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/.exec(pem);
  return block?.[0] ?? pem;
}

/**
 * Client authentication by an assertion that the key signs (RFC 7523), as Microsoft Entra and the standard both take it: the certificate's thumbprint in the
 * header, the token endpoint as audience; openid-client alone has neither (`learn.microsoft.com/entra/identity-platform/certificate-credentials`).
 */
export async function certificateAuth(
  { key, thumbprint }: ClientCertificate,
  tokenEndpoint: () => string,
): Promise<ClientAuth> {
  return PrivateKeyJwt(await cryptoKey(key), {
    [modifyAssertion]: (header, payload) => {
      header['x5t#S256'] = thumbprint;
      payload['aud'] = tokenEndpoint();
    },
  });
}

/** RSA keys sign PS256, those on P-256 ES256. */
async function cryptoKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const algorithm =
    key.asymmetricKeyType === 'ec' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'RSA-PSS', hash: 'SHA-256' };
  const der = key.export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
