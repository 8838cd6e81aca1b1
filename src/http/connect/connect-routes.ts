import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import {
  type ConnectFile,
  type ConnectTo,
  excelFile,
  feedFiles,
  powerBiFile,
  projectFile,
  setExtensions,
  setFile,
  usualSets,
} from '../../connect/connect-files.ts';
import type { EntitySet, Model } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { visibleCatalogue } from '../../plan/visible.ts';
import { admit, answerVisits, type Visit } from '../beside/beside-feed.ts';
import { serviceRoot } from '../exchange.ts';
import type { Feed } from '../feed.ts';
import { attachment } from '../reply/reply-form.ts';
import { loggedPath } from '../request/logged-path.ts';

const connectPath = '/connect/';

/** What the routes need of the feed. */
export type ConnectFeed = Pick<Feed, 'catalogue' | 'grantsOf' | 'authentication' | 'settings' | 'observe' | 'readers'>;

/**
 * `GET /connect/<file>`: files that connect Power BI, Excel, Python, R and curl to the address that the request came by. Whoever may
 * read the feed gets them, with the sets that he may read; no file holds what he signs in with.
 */
export function connectRoutes(app: FastifyInstance, feed: ConnectFeed): void {
  app.register(async (routes) => {
    answerVisits(routes, feed, {
      guarded: true,
      answer: (visit) => answer(visit, feed),
      loggedPath: (path) => loggedPath(path, feed.catalogue().model),
    });
    routes.all(`${connectPath}*`, (_, reply) => reply);
  });
}

async function answer(visit: Visit, feed: ConnectFeed): Promise<void> {
  const { message, response, origin, target } = visit;
  const principal = await admit(visit, feed);
  if (message.method !== 'GET' && message.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    throw new GatewayError('MethodNotAllowed', `${message.method} is not allowed: files are read with GET`);
  }
  const whole = feed.catalogue();
  const { model } = visibleCatalogue(whole, feed.grantsOf(principal, whole));
  const to: ConnectTo = {
    root: serviceRoot(feed.settings.publicUrl, origin.host, origin.secure),
    signIn: feed.authentication.ofPrograms,
    at: new Date(),
  };
  send(message, response, await fileOf(target, to, model));
}

interface AskedFile {
  readonly path: string;
  readonly query: string;
}

async function fileOf({ path, query }: AskedFile, to: ConnectTo, model: Model): Promise<ConnectFile> {
  const name = decodedName(path.slice(connectPath.length));
  const options = new URLSearchParams(query);
  if (name === 'powerbi.pbids') {
    return powerBiFile(to);
  }
  if (name === 'excel.xlsx') {
    return excelFile(to, chosenSets(options.get('sets'), model));
  }
  if (name === 'powerbi.zip') {
    return projectFile(to, chosenSets(options.get('sets'), model));
  }
  const dot = name.lastIndexOf('.');
  const extension = setExtensions.find((one) => one === name.slice(dot + 1));
  const set = model.entitySets.get(name.slice(0, Math.max(0, dot)));
  if (extension === undefined || set === undefined) {
    const files = [...feedFiles, ...setExtensions.map((one) => `<set>.${one}`)].join(', ');
    throw new GatewayError(
      'ResourceNotFound',
      `There is no such file. There are: ${files}, of sets in the service document.`,
    );
  }
  return setFile(to, set, extension);
}

function decodedName(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `?sets=A,B`: these, in this order, each once. */
function chosenSets(asked: string | null, { entitySets }: Model): readonly EntitySet[] {
  if (asked === null) {
    return usualSets(entitySets);
  }
  const names = [...new Set(asked.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  const unknown = names.filter((name) => !entitySets.has(name));
  if (names.length === 0 || unknown.length > 0) {
    const message =
      names.length === 0
        ? 'sets names no set: write ?sets=One,Other with names of the service document.'
        : `There is no set ${unknown.join(', ')}: the service document has the names.`;
    throw new GatewayError('InvalidOption', message, { target: 'sets' });
  }
  return names.flatMap((name) => entitySets.get(name) ?? []);
}

function send(message: IncomingMessage, response: ServerResponse, { name, contentType, content }: ConnectFile): void {
  const body = typeof content === 'string' ? Buffer.from(content) : content;
  response.writeHead(200, {
    'Content-Type': contentType,
    'Content-Length': String(body.length),
    'Content-Disposition': attachment(name),
    // The address in it is that of the Host header, the sets those of who asks.
    'Cache-Control': 'private, no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(message.method === 'HEAD' ? undefined : body);
}
