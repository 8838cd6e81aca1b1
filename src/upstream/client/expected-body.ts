import type { GatewayError } from '../../errors.ts';
import type { UpstreamBody } from './upstream-client.ts';
import { refused } from './upstream-fault.ts';

const json = /^application\/(?:[\w.+-]+\+)?json\b/i;
const html = /^(?:text\/html|application\/xhtml\+xml)\b/i;
const startOfHtml = /^\ufeff?\s*<(?:!doctype\s+html|html|head|body|!--)/i;
const startOfMarkup = /^\ufeff?\s*</;

/**
 * The chunks of a body that must be JSON. Sign-in pages and pages of a proxy come with status 200, and not always with
 * their own type.
 * @throws GatewayError UpstreamRefused for another content type, and from the first chunk for a page in its place.
 */
export function jsonBody(body: UpstreamBody, source: string): AsyncIterable<Buffer> {
  if (html.test(body.contentType)) {
    body.discard();
    throw pageForPeople(source, body.contentType);
  }
  if (!json.test(body.contentType)) {
    body.discard();
    throw refused(source, `answers with ${body.contentType || 'no content type'} instead of JSON`);
  }
  return checked(body, source);
}

async function* checked(body: UpstreamBody, source: string): AsyncGenerator<Buffer> {
  let begun = false;
  for await (const chunk of body.chunks) {
    if (!begun && startOfMarkup.test(chunk.toString('latin1', 0, 256).replace(/^\u00ef\u00bb\u00bf/, ''))) {
      throw pageForPeople(source, body.contentType);
    }
    begun ||= chunk.length > 0;
    yield chunk;
  }
}

/**
 * A whole text that is no JSON, `$metadata` or a count, unless it is a page for people.
 * @throws GatewayError UpstreamRefused
 */
export function checkedText(text: string, { contentType }: Pick<UpstreamBody, 'contentType'>, source: string): string {
  if (html.test(contentType) || startOfHtml.test(text)) {
    throw pageForPeople(source, contentType);
  }
  return text;
}

const pageForPeople = (source: string, contentType: string): GatewayError =>
  refused(
    source,
    `answers with a page for people (${contentType || 'no content type'}) instead of data, most likely a sign-in page: its address or its sign-in is not set up rightly`,
  );
