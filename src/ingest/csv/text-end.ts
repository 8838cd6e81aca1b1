import { type FileHandle, open } from 'node:fs/promises';

const blockLength = 64 * 1024;
const nul = 0x00;
/** Ctrl-Z, the end of a text file in CP/M and DOS. */
const controlZ = 0x1a;
const paddingOrBlank = new Set([nul, controlZ, 0x09, 0x0a, 0x0d, 0x20]);

/** How the end of a file is to be read. */
export interface EndOfFile {
  readonly bytes: number;
  readonly bomBytes: number;
  readonly encoding: 'utf-16le' | 'utf-16be' | null;
}

/**
 * Where the text of a file ends (the byte after its last): before the U+0000 and Ctrl-Z that it is padded with, and the
 * blanks and line ends among these. Read backwards in blocks.
 */
export async function findTextEnd(path: string, file: EndOfFile): Promise<number> {
  const handle = await open(path, 'r');
  try {
    const { bytes, bomBytes, encoding } = file;
    const whole = bytes - ((bytes - bomBytes) % (encoding === null ? 1 : 2));
    // A byte alone at the end of UTF-16 is padding, or half a character, which is damage to be told.
    const [alone] = await readAt(handle, whole, bytes - whole);
    if (alone !== undefined && !paddingOrBlank.has(alone)) {
      return bytes;
    }
    return await findPadding(handle, { ...file, bytes: whole });
  } finally {
    await handle.close();
  }
}

async function findPadding(handle: FileHandle, { bytes, bomBytes, encoding }: EndOfFile): Promise<number> {
  const unit = encoding === null ? 1 : 2;
  let padding = bytes;
  for (let end = bytes; end > bomBytes; ) {
    const block = await readAt(handle, Math.max(end - blockLength, bomBytes), Math.min(blockLength, end - bomBytes));
    for (let at = block.length - unit; at >= 0; at -= unit) {
      const code = codeAt(block, at, encoding);
      if (code === nul || code === controlZ) {
        padding = end - block.length + at;
      } else if (!paddingOrBlank.has(code)) {
        return padding;
      }
    }
    if (block.length === 0) {
      return padding;
    }
    end -= block.length;
  }
  return padding;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function codeAt(buffer: Buffer, at: number, encoding: EndOfFile['encoding']): number {
  if (encoding === null) {
    return buffer[at] ?? nul;
  }
  return encoding === 'utf-16le' ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at);
}
