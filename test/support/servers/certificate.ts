import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** One element of DER: a tag, the length of what follows, and that. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 128
      ? Buffer.from([content.length])
      : Buffer.from([0x82, content.length >> 8, content.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const time = (date: Date): Buffer => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));

const commonName = oid('550403');
const subjectAlternativeName = oid('551d11');
const basicConstraints = oid('551d13');
const signatures = {
  ec: sequence(oid('2a8648ce3d040302')),
  rsa: sequence(oid('2a864886f70d01010b'), der(0x05)),
};

/** A certificate that signs itself, for 127.0.0.1 and `localhost`, or for another name alone. Valid for some days from now on, or until yesterday. */
export function selfSigned({
  name = 'localhost',
  expired = false,
  kind = 'ec' as 'ec' | 'rsa',
  days = 1,
} = {}): Certificate {
  const { privateKey, publicKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = signatures[kind];
  const day = 86_400_000;
  const end = Date.now() + (expired ? -day : days * day);
  const who = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name)))));
  const address = name === 'localhost' ? [der(0x87, Buffer.from([127, 0, 0, 1]))] : [];
  const names = sequence(der(0x82, Buffer.from(name)), ...address);
  const extensions = sequence(
    sequence(subjectAlternativeName, der(0x04, names)),
    sequence(basicConstraints, der(0x01, Buffer.from([255])), der(0x04, sequence(der(0x01, Buffer.from([255]))))),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    who,
    sequence(time(new Date(end - (days + 1) * day)), time(new Date(end))),
    who,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signed = sequence(body, algorithm, bits(sign('sha256', body, privateKey)));
  const text = signed.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
  };
}
