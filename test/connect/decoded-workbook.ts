import { buffer } from 'node:stream/consumers';
import { SaxesParser } from 'saxes';
import { type Entry, fromBuffer, type ZipFile } from 'yauzl';

/** An element as it was read. */
export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** Reads a document strictly; a byte order mark in front is passed over. */
export function readXml(text: string): Node {
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const open: Node[] = [root];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const values = Object.entries(attributes).map(([key, { value }]) => [key, value] as const);
    const node: Node = { name, attributes: Object.fromEntries(values), children: [], text: '' };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on('closetag', () => open.pop());
  const put = (part: string): void => {
    const node = open.at(-1);
    if (node !== undefined) {
      node.text += part;
    }
  };
  parser.on('text', put);
  parser.on('cdata', put);
  parser.write(text.replace(/^\ufeff/, '')).close();
  const [document] = root.children;
  if (document === undefined) {
    throw new Error('there is no element');
  }
  return document;
}

/** All descendants of a name. */
export const all = (node: Node, name: string): Node[] =>
  node.children.flatMap((child) => [...(child.name === name ? [child] : []), ...all(child, name)]);

/** The parts of a ZIP file, in their order. */
export async function unzip(bytes: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const parts = new Map<string, Buffer>();
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', resolve);
    zip.on('entry', (entry: Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) {
          reject(error);
          return;
        }
        buffer(stream).then((content) => {
          parts.set(entry.fileName, content);
          zip.readEntry();
        }, reject);
      });
    });
    zip.readEntry();
  });
  return parts;
}

/** The DataMashup of a workbook ([MS-QDEFF] 2.2), taken apart. */
export interface DecodedMashup {
  readonly parts: ReadonlyMap<string, Buffer>;
  readonly permissions: Buffer;
  readonly metadata: string;
  readonly content: Buffer;
  readonly bindings: Buffer;
}

export async function decodeMashup(bytes: Buffer): Promise<DecodedMashup> {
  let at = 0;
  const number = (): number => {
    at += 4;
    return bytes.readUInt32LE(at - 4);
  };
  const field = (): Buffer => {
    const length = number();
    at += length;
    return bytes.subarray(at - length, at);
  };
  if (number() !== 0) {
    throw new Error('the version is not 0');
  }
  const parts = await unzip(field());
  const permissions = field();
  const outer = field();
  const bindings = field();
  if (at !== bytes.length || outer.readUInt32LE(0) !== 0) {
    throw new Error('the lengths do not come to an end');
  }
  const length = outer.readUInt32LE(4);
  const content = outer.subarray(8 + length + 4);
  if (outer.readUInt32LE(8 + length) !== content.length) {
    throw new Error('the content of the metadata has another length');
  }
  return { parts, permissions, metadata: outer.toString('utf8', 8, 8 + length), content, bindings };
}
