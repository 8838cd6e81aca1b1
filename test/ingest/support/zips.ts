import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** A member as it is written, also where no packer would write it so. */
export interface ZipMember {
  readonly name: string | Buffer;
  readonly text?: string | Buffer;
  readonly method?: number;
  /** General purpose bits; 11 (UTF-8) is set where the name is a text that is not ASCII. */
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  /** Packed bytes, instead of those that the text comes to. */
  readonly packed?: Buffer;
  readonly extra?: Buffer;
  /** DOS date and time; default: 2026-01-01 00:00. */
  readonly time?: readonly [date: number, time: number];
  readonly unixMode?: number;
  /** The local header and the data of the member before it, once more. */
  readonly over?: boolean;
  /** Sizes and checksum behind the data instead of in the local header. */
  readonly descriptor?: boolean;
}

const newYear: readonly [number, number] = [((2026 - 1980) << 9) | (1 << 5) | 1, 0];

/** A ZIP archive, byte by byte (APPNOTE 4.3). */
export function zipOf(members: readonly ZipMember[], { comment = '' }: { readonly comment?: string } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let [offset, last] = [0, 0];
  for (const member of members) {
    const { text = '', method = 8, extra = Buffer.alloc(0), unixMode = 0, descriptor = false } = member;
    const name = Buffer.from(member.name);
    const utf8 = typeof member.name === 'string' && name.length > member.name.length ? 0x800 : 0;
    const flags = (member.flags ?? utf8) | (descriptor ? 8 : 0);
    const plain = Buffer.from(text);
    const packed = member.packed ?? (method === 8 ? deflateRawSync(plain) : plain);
    const crc = member.crc ?? crc32(plain);
    const size = member.size ?? plain.length;
    const [date, time] = member.time ?? newYear;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt16LE(time, 6);
    common.writeUInt16LE(date, 8);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    common.writeUInt16LE(extra.length, 24);
    const local = Buffer.from(common);
    if (descriptor) {
      local.fill(0, 10, 22);
    }
    if (member.over !== true) {
      last = offset;
      const data = [Buffer.from('PK\x03\x04', 'latin1'), local, name, extra, packed];
      if (descriptor) {
        data.push(Buffer.from('PK\x07\x08', 'latin1'), common.subarray(10, 22));
      }
      parts.push(...data);
      offset += data.reduce((sum, { length }) => sum + length, 0);
    }
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((unixMode << 16) >>> 0, 6);
    rest.writeUInt32LE(last, 10);
    const made = Buffer.from([20, unixMode === 0 ? 0 : 3]);
    directory.push(Buffer.from('PK\x01\x02', 'latin1'), made, common, rest, name, extra);
  }
  const length = directory.reduce((sum, one) => sum + one.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...directory, end, Buffer.from(comment)]);
}

/** Info-ZIP's field of a name in UTF-8 beside an older one (0x7075). */
export function unicodePath(old: Buffer, name: string): Buffer {
  const text = Buffer.from(name);
  const field = Buffer.alloc(9);
  field.writeUInt16LE(0x7075, 0);
  field.writeUInt16LE(5 + text.length, 2);
  field.writeUInt8(1, 4);
  field.writeUInt32LE(crc32(old), 5);
  return Buffer.concat([field, text]);
}

/** A gzip member (RFC 1952) with a name and a time in its header. */
export function gzipNamed(text: string | Buffer, name: string | Buffer, time = 0): Buffer {
  const plain = gzipSync(text);
  const header = Buffer.from(plain.subarray(0, 10));
  header.writeUInt8(8, 3);
  header.writeUInt32LE(time, 4);
  return Buffer.concat([header, Buffer.from(name), Buffer.from([0]), plain.subarray(10)]);
}
