import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';

/** A feed over real HTTP. */
export interface Asked {
  readonly root: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** What a reply says, without what is opaque: its ETag is told by being there. */
export interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly body: string;
  readonly tag: string | null;
}

const compared = ['content-type', 'content-disposition', 'preference-applied', 'odata-version', 'allow'];

export async function ask(feed: Asked, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
  return said(await feed.get(url, headers), feed);
}

async function said(reply: Response, { root }: Asked): Promise<Said> {
  const body = (await reply.text()).replaceAll(root, 'http://feed.example/odata/');
  const told = compared.map((name) => [name, reply.headers.get(name)] as const);
  return { status: reply.status, headers: Object.fromEntries(told), body, tag: reply.headers.get('etag') };
}

/** Without tokens, and the id of a request in an error. */
export const shown = ({ status, headers, body, tag }: Said): unknown => ({
  status,
  headers,
  tagged: tag !== null,
  body: body.replace(/(\$(?:skip|delta)token=)[\w.%-]+/g, '$1').replace(/"@odata.etag":"[^"]*"/g, '"@odata.etag":""'),
});

export const failed = (reply: Said | undefined): boolean => /"code":"ComputationFailed"/.test(reply?.body ?? '');

const nextOf = (body: string): string | null => {
  const found = /"@odata.nextLink":"http:\/\/feed.example\/odata\/([^"]*)"/.exec(body)?.[1];
  return found === undefined ? null : found.replaceAll('\\u0026', '&');
};

/** Pages that are followed. */
const mostPages = 4;

/** A reply and the pages that follow, each by the token that this feed gave. */
export async function pages(
  feed: Asked,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<readonly Said[]> {
  const found: Said[] = [];
  for (let next: string | null = url; next !== null && found.length < mostPages; ) {
    const reply = await ask(feed, next, headers);
    found.push(reply);
    next = reply.status === 200 ? nextOf(reply.body) : null;
  }
  return found;
}

/** All of these in one batch. */
export async function batch(
  feed: Asked,
  urls: readonly string[],
  headers: Readonly<Record<string, string>>,
): Promise<Said> {
  const requests = urls.map((url, id) => ({ id: String(id), method: 'GET', url }));
  const reply = await fetch(new URL('$batch', feed.root), {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ requests }),
  });
  const { body, ...others } = await said(reply, feed);
  // As texts in JSON they have no end that all would share.
  return { ...others, body: body.replace(/"(etag|x-request-id|server-timing)":"(?:[^"\\]|\\.)*"/gi, '"$1":""') };
}

/** The same, fetched from its status monitor. */
export async function later(feed: Asked, url: string, headers: Readonly<Record<string, string>>): Promise<Said> {
  const asked = await feed.get(url, { ...headers, Prefer: 'respond-async' });
  if (asked.status !== 202) {
    return said(asked, feed);
  }
  const monitor = asked.headers.get('location') ?? assert.fail('the address of a monitor');
  const path = monitor.replace(/^.*\/odata\//, '');
  const look = (): Promise<Response> => feed.get(path, { ...headers, 'OData-MaxVersion': '4.01' });
  let reply = await look();
  await until('it has ended', async () => {
    if (reply.status === 202) {
      await reply.arrayBuffer();
      reply = await look();
    }
    return reply.status !== 202;
  });
  const found = await said(reply, feed);
  await fetch(new URL(path, feed.root), { method: 'DELETE', headers });
  return { ...found, status: Number(reply.headers.get('asyncresult') ?? reply.status) };
}
