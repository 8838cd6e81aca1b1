/**
 * The COPY text bytes that cells are read from. A cell ends at the first separator byte: tab or line feed at the top
 * level, a byte below 0x20 other than 0x1b inside a nested collection. The line feed behind the last cell is always there.
 */
export class CellInput {
  bytes: Buffer;
  view: DataView;
  /** Where the line feed of the row that is being read stands. */
  rowEnd = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads from another buffer from now on. */
  use(bytes: Buffer): void {
    if (this.bytes === bytes) {
      return;
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}
