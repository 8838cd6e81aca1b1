import type { Socket } from 'node:net';

const taking = new WeakSet<Socket>();

/**
 * Connections over which a body comes that may take longer than a request of the feed: whoever reads it watches over its pauses. Node looks at the
 * time of all requests alike, so the listener asks here before it ends one.
 */
export const longBodies = {
  begin: (socket: Socket): void => void taking.add(socket),
  end: (socket: Socket): void => void taking.delete(socket),
  has: (socket: Socket): boolean => taking.has(socket),
};
