import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get as getHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, get as getHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { EnvelopeReader } from '../../src/json/reading/json-stream.ts';
import { bodyPieces } from '../../src/upstream/client/body-pieces.ts';
import { reusingAgents } from '../../src/upstream/client/reusing-agents.ts';
import { wholeText } from '../../src/upstream/reading/whole-text.ts';
import { selfSigned } from '../support/servers/certificate.ts';

const digest = (parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest('hex');
};

/** Bytes in parts of many sizes, some of them larger than what is read at once. */
function* partsOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 11) % 150_000) {
    yield bytes.subarray(at, at + size);
  }
}

/** Sends bytes; `whole`: they are all, else the connection breaks off behind them. */
function send(response: ServerResponse, bytes: Buffer, whole: boolean): void {
  const parts = Readable.from(partsOf(bytes));
  parts.pipe(response, { end: whole });
  if (!whole) {
    parts.once('end', () => response.destroy());
  }
}

describe('bodies of proxied feeds', () => {
  const { cert, key } = selfSigned();
  const bodies = [3_000_000, 1, 70_000, 1_000_000].map((size) => randomBytes(size));
  let connections = 0;
  let servers: readonly Server[] = [];
  const ports: number[] = [];
  const agents = reusingAgents();

  before(async () => {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const { pathname, search } = new URL(request.url ?? '', 'http://localhost');
      send(response, bodies[Number(pathname.slice(1))] ?? Buffer.alloc(0), search === '');
    };
    servers = [createServer(answer), createTlsServer({ cert, key }, answer)];
    for (const [at, server] of servers.entries()) {
      server.on(at === 0 ? 'connection' : 'secureConnection', () => {
        connections += 1;
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      ports.push((server.address() as AddressInfo).port);
    }
  });

  after(() => {
    agents.httpAgent.destroy();
    agents.httpsAgent.destroy();
    for (const server of servers) {
      server.close();
    }
  });

  async function ask(secure: boolean, path: string): Promise<IncomingMessage> {
    const place = { host: '127.0.0.1', port: ports[secure ? 1 : 0], path };
    const request = secure
      ? getHttps({ ...place, agent: agents.httpsAgent, ca: cert })
      : getHttp({ ...place, agent: agents.httpAgent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  }

  for (const secure of [false, true]) {
    it(`come byte for byte over ${secure ? 'TLS' : 'TCP'}, one after the other over one connection, however slowly they are read`, async () => {
      connections = 0;
      for (const [at, body] of bodies.entries()) {
        const response = await ask(secure, `/${at}`);
        // What comes before somebody reads waits as well.
        await pause(5);
        const parts: Buffer[] = [];
        for await (const piece of bodyPieces(response)) {
          parts.push(Buffer.from(piece));
          if (parts.length % 5 === 0) {
            await pause(1);
          }
        }
        assert.equal(digest(parts), digest([body]), String(body.length));
        assert.ok(Math.max(...parts.map(({ length }) => length)) < 512 * 1024);
      }
      assert.equal(connections, 1);
    });
  }

  it('are read into memory that is used again: a piece is valid until the next one is asked for', async () => {
    const seen = new Set<ArrayBufferLike>();
    let pieces = 0;
    for await (const { buffer } of bodyPieces(await ask(false, '/0'))) {
      seen.add(buffer);
      pieces += 1;
    }
    assert.ok(pieces > 10 && seen.size < 10, `${seen.size} of ${pieces}`);
  });

  it('that break off, or are given up, end with an error', async () => {
    const read = async (response: IncomingMessage, afterFirst: () => void): Promise<void> => {
      for await (const _ of bodyPieces(response)) {
        afterFirst();
      }
    };
    await assert.rejects(read(await ask(false, '/0?broken'), () => undefined));
    const given = await ask(false, '/0');
    await assert.rejects(read(given, () => given.destroy()));
  });

  it('what is kept of a piece beyond the next one is a copy', async () => {
    const text = `{"@odata.count":2,"value":[{"text":"${'a'.repeat(90)}"},{"text":"${'b'.repeat(90)}"}],"@odata.nextLink":"n"}`;
    /** All pieces in the same memory. */
    async function* pieces(): AsyncGenerator<Buffer> {
      const memory = Buffer.alloc(20);
      for (let at = 0; at < text.length; at += memory.length) {
        const length = memory.write(text.slice(at, at + memory.length));
        yield memory.subarray(0, length);
      }
    }
    assert.equal(await wholeText(pieces()), text);
    const reader = new EnvelopeReader();
    const raws: Buffer[] = [];
    const rows: string[] = [];
    for await (const piece of pieces()) {
      for (const part of reader.push(piece)) {
        if (part.kind === 'member') {
          raws.push(part.raw);
        } else if (part.kind === 'row') {
          rows.push(part.raw.toString());
        }
      }
    }
    assert.deepEqual(raws.map(String), ['2', '"n"']);
    assert.deepEqual(rows, [`{"text":"${'a'.repeat(90)}"}`, `{"text":"${'b'.repeat(90)}"}`]);
  });
});
