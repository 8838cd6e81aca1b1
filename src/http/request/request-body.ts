import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { ByteOutput } from '../../json/bytes/byte-output.ts';
import { ClientGone } from './client-gone.ts';

/**
 * The body of a request as text, read when it is asked for and not before. However small the pieces are in which it comes, it
 * is held once. Throws GatewayError LimitExceeded for a longer one, and ClientGone.
 */
export async function readBody(request: IncomingMessage, longest: number): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > longest) {
    throw tooLong();
  }
  const output = new ByteOutput(1024);
  try {
    for await (const piece of request) {
      if (output.position + (piece as Buffer).length > longest) {
        throw tooLong();
      }
      output.append(piece as Buffer);
    }
  } catch (error) {
    throw error instanceof GatewayError ? error : new ClientGone();
  }
  return output.bytes.toString('utf8', 0, output.position);
}

const tooLong = (): GatewayError => new GatewayError('LimitExceeded', 'The body of the request is larger than 1 MiB');
