import { GatewayError } from '../../errors.ts';

/** An entity or a value is buffered whole, up to this many bytes. */
const longestBody = 64 * 1024 * 1024;

/** The text of a body that is no collection. Throws GatewayError UpstreamRefused where it is too long. */
export async function wholeText(chunks: AsyncIterable<Buffer>): Promise<string> {
  const kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > longestBody) {
      throw new GatewayError('UpstreamRefused', `A reply is longer than ${longestBody} bytes.`);
    }
    // A chunk is valid until the next one is asked for.
    kept.push(Buffer.from(chunk));
  }
  return Buffer.concat(kept)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}
