/**
 * Peer: `odata-v4-server` with `odata-v4-pg`, in the way their documents show it. The library hands every query option
 * over twice, so the controller parses the URL's own text instead.
 */
import type { IncomingMessage, Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import pg from 'pg';
import { type EmptyClass, sandboxLibrary } from '../../src/sandbox/library.ts';
import { conversationColumns, conversations, messageColumns, messages } from '../support/messages.ts';

const { Edm, ODataController, ODataServer, odata } = sandboxLibrary;
const { createQuery } = createRequire(import.meta.url)('odata-v4-pg') as {
  createQuery(text: string): { from(table: string): string; where: string; parameters: readonly unknown[] };
};
const context = (odata as unknown as { context: (prototype: object, member: string, index: number) => void }).context;
const pool = new pg.Pool({ connectionString: process.argv[2], max: 20 });

type Row = Record<string, unknown>;

async function find(set: string, text: string): Promise<Row[]> {
  const options = text.split('&').filter((option) => /^\$(select|filter|top|skip|orderby)=/.test(option));
  const query = createQuery(options.length === 0 ? '$skip=0' : options.join('&'));
  const { rows } = await pool.query<Row>(query.from(`feed."${set}"`), [...query.parameters]);
  if (!text.includes('$count=true')) {
    return rows;
  }
  const counted = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM feed."${set}" WHERE ${query.where}`, [
    ...query.parameters,
  ]);
  return Object.assign(rows, { inlinecount: counted.rows[0]?.n });
}

const queryOf = (request: IncomingMessage): string => decodeURIComponent((request.url ?? '').split('?')[1] ?? '');

class Message {}
class Conversation {}
const times = new Set(['CreatedAt', 'LastUpdatedAt']);

function describe(type: EmptyClass, columns: typeof messageColumns): void {
  for (const [index, [name]] of columns.entries()) {
    if (index === 0) {
      Edm.Key(type.prototype, name);
    }
    const kind = times.has(name)
      ? 'DateTimeOffset'
      : /Count$/.test(name)
        ? 'Int32'
        : /Seconds$/.test(name)
          ? 'Decimal'
          : 'String';
    Edm[kind]?.(type.prototype, name);
  }
}
describe(Message, messageColumns);
describe(Conversation, conversationColumns);
Edm.Collection(Edm.EntityType(Edm.ForwardRef(() => Message)))(Conversation.prototype, 'Messages');

/** The library reads the parameter names out of these functions' text. */
class MessagesController extends ODataController {
  async find(context: { request: IncomingMessage }): Promise<Row[]> {
    return find(messages, queryOf(context.request));
  }
}
class ConversationsController extends ODataController {
  async find(context: { request: IncomingMessage }): Promise<Row[]> {
    return find(conversations, queryOf(context.request));
  }
  async messages(result: Row): Promise<Row[]> {
    const { rows } = await pool.query<Row>(`SELECT * FROM feed."${messages}" WHERE "ConversationId" = $1`, [
      result['ConversationId'],
    ]);
    return rows;
  }
}
for (const controller of [MessagesController, ConversationsController]) {
  odata.GET(controller.prototype, 'find');
  context(controller.prototype, 'find', 0);
}
odata.GET('Messages')(ConversationsController.prototype, 'messages');
odata.result(ConversationsController.prototype, 'messages', 0);
odata.type(Message)(MessagesController);
odata.type(Conversation)(ConversationsController);

class PeerServer extends ODataServer {}
odata.controller(MessagesController, messages)(PeerServer);
odata.controller(ConversationsController, conversations)(PeerServer);

const server: Server = (PeerServer as unknown as typeof ODataServer).create('/', 0, '127.0.0.1');
server.on('listening', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
process.on('disconnect', () => process.exit());
