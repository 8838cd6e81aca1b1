import { SaxesParser } from 'saxes';
import { GatewayError } from '../errors.ts';

/** An element as read: names without their prefix, attributes without a prefix only. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  readonly text: string;
}

interface OpenNode extends XmlNode {
  readonly children: XmlNode[];
  text: string;
}

const deepest = 100;

/**
 * The root element of a well-formed document. Entities other than XML's own five are refused, so that no document can
 * grow while it is read.
 * @throws GatewayError UpstreamRefused when the text is not well-formed or nests deeper than 100 elements.
 */
export function readXml(text: string): XmlNode {
  const parser = new SaxesParser<{ xmlns: true }>({ xmlns: true });
  const open: OpenNode[] = [];
  let root: XmlNode | null = null;
  parser.on('error', (error) => {
    throw refuse(error.message, error);
  });
  parser.on('opentag', (tag) => {
    if (open.length >= deepest) {
      throw refuse(`elements nest deeper than ${deepest}`);
    }
    const attributes = Object.values(tag.attributes).filter((attribute) => attribute.prefix === '');
    open.push({
      name: tag.local,
      attributes: new Map(attributes.map((attribute) => [attribute.local, attribute.value])),
      children: [],
      text: '',
    });
  });
  parser.on('text', (part) => {
    const current = open.at(-1);
    if (current !== undefined) {
      current.text += part;
    }
  });
  parser.on('closetag', () => {
    const closed = open.pop();
    const parent = open.at(-1);
    if (closed === undefined) {
      return;
    }
    if (parent === undefined) {
      root = closed;
    } else {
      parent.children.push(closed);
    }
  });
  parser.write(text.replace(/^\ufeff/, '')).close();
  if (root === null) {
    throw refuse('there is no element in it');
  }
  return root;
}

function refuse(reason: string, cause?: unknown): GatewayError {
  return new GatewayError('UpstreamRefused', `The metadata document is not well-formed XML: ${reason}.`, { cause });
}
