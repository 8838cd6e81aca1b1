/** The chunk of rows that one belongs to in `gateway.removed_rows`: its number >> 10, which the migration says, too. */
export const chunkBits = 10;
