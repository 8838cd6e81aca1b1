/**
 * A growing run of bytes that writers append to. `bytes` and `view` show the same memory and change together when it
 * grows, so a writer reads them afresh after each `ensure`.
 */
export class ByteOutput {
  bytes: Buffer;
  view: DataView;
  /** Where the next byte goes. */
  position = 0;

  /** `memory`: what it begins in, or how many bytes that has. */
  constructor(memory: number | Buffer) {
    this.bytes = typeof memory === 'number' ? Buffer.allocUnsafeSlow(memory) : memory;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  get free(): number {
    return this.bytes.length - this.position;
  }

  /** Makes room for `count` more bytes, keeping what was written. */
  ensure(count: number): void {
    if (this.free >= count) {
      return;
    }
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + count));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  /** Appends bytes, growing when needed. */
  append(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** Appends a part of some bytes, where there is room for it: short ones are copied faster one by one than by a call. */
  appendPart(from: Buffer, start: number, end: number): void {
    if (end - start > 48) {
      this.position += from.copy(this.bytes, this.position, start, end);
      return;
    }
    const { bytes } = this;
    let { position } = this;
    for (let at = start; at < end; at++) {
      bytes[position++] = from[at] as number;
    }
    this.position = position;
  }

  /** Appends text as UTF-8, growing when needed. */
  appendText(text: string): void {
    this.ensure(text.length * 3);
    this.position += this.bytes.write(text, this.position, 'utf8');
  }

  /** Goes on in other memory from its start; gives back the memory that was in use. */
  swap(replacement: Buffer): Buffer {
    const used = this.bytes;
    this.bytes = replacement;
    this.view = new DataView(replacement.buffer, replacement.byteOffset, replacement.length);
    this.position = 0;
    return used;
  }
}
