/**
 * Bytes of text that one entry of an index may hold. PostgreSQL takes 2704 bytes, and refuses the whole statement for a
 * longer one: a single cell would cost its file.
 */
export const indexedBytes = 2400;
