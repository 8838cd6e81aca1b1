import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../errors.ts';

/** Listens, and gives the port. Throws GatewayError AddressInUse, with the setting that says another one. */
export async function listenOn(
  app: FastifyInstance,
  { host, port, setting }: { readonly host: string; readonly port: number; readonly setting: string },
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') {
      throw error;
    }
    const why = code === 'EADDRINUSE' ? 'is used by another program' : `cannot be listened on (${code})`;
    throw new GatewayError('AddressInUse', `Port ${port} of ${host} ${why}`, { target: setting, cause: error });
  }
  const bound = app.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}
