/** Bytes of one statement's messages besides its text. */
const aroundText = 5 + 1 + 3 + (5 + 8) + (5 + 5);
const syncLength = 5;

/**
 * The bytes that run statements without parameters by the extended query protocol (Parse, Bind, Execute for each, one
 * Sync; PostgreSQL 3.0 protocol, "Message Formats"). Unlike the simple protocol it refuses a text with two statements.
 */
export function extendedQuery(texts: readonly string[]): Buffer {
  const length = texts.reduce((sum, text) => sum + aroundText + Buffer.byteLength(text, 'utf8'), syncLength);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const text of texts) {
    // unnamed statement, text, no parameter types
    const written = bytes.write(text, at + 6, 'utf8');
    bytes[at] = 0x50;
    bytes.writeInt32BE(written + 8, at + 1);
    bytes[at + 5] = 0;
    at += 6 + written;
    bytes.fill(0, at, at + 3);
    at += 3;
    // unnamed portal and statement, no parameter formats, no parameters, result formats: all text
    at = emptyMessage(bytes, at, { type: 0x42, zeros: 8 });
    // unnamed portal, all rows
    at = emptyMessage(bytes, at, { type: 0x45, zeros: 5 });
  }
  emptyMessage(bytes, at, { type: 0x53, zeros: 0 });
  return bytes;
}

/** A message whose fields are all zero. Gives where the next one begins. */
function emptyMessage(
  bytes: Buffer,
  at: number,
  { type, zeros }: { readonly type: number; readonly zeros: number },
): number {
  bytes[at] = type;
  bytes.writeInt32BE(zeros + 4, at + 1);
  bytes.fill(0, at + 5, at + 5 + zeros);
  return at + 5 + zeros;
}
