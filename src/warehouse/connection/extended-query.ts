/**
 * The bytes that run statements without parameters by the extended query protocol (Parse, Bind, Execute for each, one
 * Sync; PostgreSQL 3.0 protocol, "Message Formats"). Unlike the simple protocol it refuses a text with two statements.
 */
export function extendedQuery(texts: readonly string[]): Buffer {
  const parts = texts.flatMap((text) => [
    // unnamed statement, text, no parameter types
    message('P', Buffer.concat([Buffer.of(0), Buffer.from(text, 'utf8'), Buffer.of(0, 0, 0)])),
    // unnamed portal and statement, no parameter formats, no parameters, result formats: all text
    message('B', Buffer.alloc(8)),
    // unnamed portal, all rows
    message('E', Buffer.alloc(5)),
  ]);
  return Buffer.concat([...parts, message('S', Buffer.alloc(0))]);
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
