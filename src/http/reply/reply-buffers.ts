/** Bytes of a buffer. */
export const replyBufferSize = 128 * 1024;
/** As many as replies are written at a time, usually. */
const mostSpare = 16;

const spare: Buffer[] = [];

/** Memory that replies are written in, used again: memory of its own for each page would keep collector and kernel busy. Its owner alone writes and reads it. */
export const takeReplyBuffer = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(replyBufferSize);

/** For a buffer that nobody looks at any more, whoever made it. Once: from now on others write there. */
export function keepReplyBuffer(buffer: Buffer): void {
  if (buffer.length === replyBufferSize && spare.length < mostSpare) {
    spare.push(buffer);
  }
}
