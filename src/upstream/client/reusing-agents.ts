import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** Bytes that are read at once: what Node's own sockets ask for. */
const readSize = 64 * 1024;

/** The agents of one client. */
export interface ReusingAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * Agents with kept-alive connections, each of which reads into one buffer for as long as it lives. Node's own way takes new memory for each read, and V8
 * begins a full collection of garbage after each 64 MB of such memory, however little of it is still in use. What is read is valid while `data` is
 * told alone: Node's parser of HTTP copies what it gives on of a body.
 */
export function reusingAgents(): ReusingAgents {
  return {
    httpAgent: reusing(new HttpAgent({ keepAlive: true })),
    httpsAgent: reusing(new HttpsAgent({ keepAlive: true })),
  };
}

function reusing<SomeAgent extends HttpAgent>(agent: SomeAgent): SomeAgent {
  const connect = agent.createConnection;
  agent.createConnection = (options, callback) => {
    const buffer = Buffer.allocUnsafeSlow(readSize);
    const read = (count: number): boolean => {
      connection?.emit('data', buffer.subarray(0, count));
      return true;
    };
    // Not among the declared options of a request, which are handed on to `net.connect` and `tls.connect`.
    const reading = { ...options, onread: { buffer, callback: read } };
    const connection: Duplex | null | undefined = connect.call(agent, reading, callback);
    return connection;
  };
  return agent;
}
