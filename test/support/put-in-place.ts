import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file as an operator should: whoever reads it meanwhile sees the former text or the new one, never a part. */
export function putInPlace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
