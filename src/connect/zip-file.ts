import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

export interface ZipPart {
  readonly name: string;
  readonly content: string | Buffer;
}

/** The earliest moment that a ZIP file can say: the same parts give the same bytes, whenever they are packed. */
const noMoment = new Date(1980, 0, 1);

/** Parts as one ZIP file, deflated, in their order. */
export async function zipFile(parts: readonly ZipPart[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { name, content } of parts) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    zip.addBuffer(bytes, name, { mtime: noMoment, forceDosTimestamp: true, mode: 0o100644, compress: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}
