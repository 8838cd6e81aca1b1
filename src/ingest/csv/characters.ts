/** Codes of the characters that the grammar of CSV knows. */
export const tab = 9;
export const lineFeed = 10;
export const carriageReturn = 13;
export const controlZ = 26;
export const blankCode = 32;
export const quoteCode = 34;
