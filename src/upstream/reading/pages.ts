import { controlInformation } from '../../json/reading/control-information.ts';
import { type Envelope, openEnvelope } from '../../json/reading/envelope.ts';
import { broken, stringValue } from '../../json/reading/json-scan.ts';
import { nextLinkText } from '../../json/reading/next-link-text.ts';
import type { FollowNested } from '../../json/reading/row-text.ts';
import { jsonBody } from '../client/expected-body.ts';
import type { UpstreamBody, UpstreamRequest, UpstreamResponse } from '../client/upstream-client.ts';
import { outageOf, refused } from '../client/upstream-fault.ts';
import type { UpstreamReadOptions } from '../upstream.ts';
import { addressKey, linkBelowRoot } from './next-link.ts';
import type { ReplyContext } from './reply-context.ts';

export const acceptJson = 'application/json;odata.metadata=minimal';
/** Pages that one collection may take where all of them are read for one reply. */
const mostPages = 10_000;
export const endless = 'names pages without an end: a next link leads to a page that was read already';

/**
 * Fetches the pages behind a next link inside a row, with the same checks as a next link of the whole reply. `told`: the
 * context URL of the reply that holds the row.
 */
export function followIn(options: UpstreamReadOptions, context: ReplyContext, told: string | null): FollowNested {
  return async (nextLink, most) => {
    const { root } = context.client;
    const rows: string[] = [];
    for await (const { raw } of readPages(
      linkBelowRoot(nextLink, { root, page: null, context: told }),
      options,
      context,
    )) {
      rows.push(raw);
      if (rows.length === most) {
        break;
      }
    }
    return rows;
  };
}

/** A raw row, and the context URL of the page that holds it. */
export interface RawRow {
  readonly raw: string;
  readonly context: string | null;
}

/** The raw rows of a collection, page after page to the end. `path` is `path?query` below the service root. */
export async function* readPages(
  path: string,
  options: Pick<UpstreamReadOptions, 'signal'>,
  context: ReplyContext,
): AsyncGenerator<RawRow> {
  const { map } = context;
  const seen = new Set<string>();
  for (let next: string | null = path; next !== null; ) {
    // A feed that names a page twice would be read for ever.
    if (seen.has(addressKey(next)) || seen.size >= mostPages) {
      throw refused(map.source, endless);
    }
    seen.add(addressKey(next));
    const { signal } = options;
    const response = await openPage({ path: next, accept: acceptJson, pageSize: null, signal }, context);
    if (response.kind === 'absent') {
      throw refused(map.source, 'does not know a page that it named', response.status);
    }
    const { envelope } = response;
    for await (const raw of envelope.rows) {
      yield { raw: utf8(raw), context: contextIn(envelope.members) };
    }
    next = nextIn(envelope.members, response.body.url, context);
  }
}

/** A page read up to its rows. */
export interface OpenedPage {
  readonly kind: 'body';
  readonly body: UpstreamBody;
  readonly envelope: Envelope;
}

/** A page read up to its rows, or `absent` as the client says. */
export function openPage(
  request: UpstreamRequest,
  { client, map }: ReplyContext,
): Promise<OpenedPage | Extract<UpstreamResponse, { kind: 'absent' }>> {
  return unbroken(async () => {
    const response = await client.get(request);
    return response.kind === 'absent'
      ? response
      : { ...response, envelope: await openEnvelope(jsonBody(response.body, map.source)) };
  });
}

/** What breaks off before anything of it was used is asked for once more. */
export async function unbroken<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (outageOf(error)?.kind !== 'broken') {
      throw error;
    }
    return ask();
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw broken('its bytes are not UTF-8');
  }
}

export type Members = ReadonlyMap<string, Buffer>;

/** A control information of the envelope as text; null where it is absent. */
function annotation(members: Members, name: 'count' | 'context'): string | null {
  const raw = controlInformation(members, name)?.toString('utf8');
  return raw === undefined || raw === 'null' ? null : (stringValue(raw) ?? raw);
}

export function countIn(members: Members): string | null {
  const text = annotation(members, 'count');
  return text !== null && /^\d{1,19}$/.test(text) ? text : null;
}

export const contextIn = (members: Members): string | null => annotation(members, 'context');

/** The next page below the service root; null where the reply names none. */
export function nextIn(members: Members, page: URL, { client }: ReplyContext): string | null {
  const link = nextLinkText(controlInformation(members, 'nextLink')?.toString('utf8'));
  return link === null ? null : linkBelowRoot(link, { root: client.root, page, context: contextIn(members) });
}
