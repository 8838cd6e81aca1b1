import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';

/** What the gateway takes: what all feeds can, and no more. */
export const acceptedEncoding = 'gzip';

/**
 * A body without its content coding; null: it has one that nobody asked for. What ends before the compressed data does is an
 * error of the stream: the decoders of HTTP clients take it for the end, and a number or a text would come out shorter.
 */
export function decodedBody(body: Readable, contentEncoding: string): Readable | null {
  const decoder = decoderOf(contentEncoding.trim().toLowerCase());
  if (decoder === 'none') {
    return body;
  }
  if (decoder === null) {
    body.on('error', () => undefined).destroy();
    return null;
  }
  // What fails on either side ends both; whoever reads is told.
  return pipeline(body, decoder(), () => undefined);
}

function decoderOf(name: string): typeof createGunzip | typeof createInflate | 'none' | null {
  switch (name) {
    case '':
    case 'identity':
      return 'none';
    case 'gzip':
    case 'x-gzip':
      return createGunzip;
    case 'deflate':
      return createInflate;
    default:
      return null;
  }
}
