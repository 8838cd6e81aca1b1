import { diskSpace, leastSpace } from '../embedded/disk-space.ts';

/** What sorting and grouping may take of the server's disk. */
export interface TemporaryFiles {
  /** Bytes for one read, however much is free. */
  readonly bytes: number;
  /** Bytes that are free; null: nobody knows, the disk is another machine's. */
  room(): number | null;
}

/** PostgreSQL's setting, in its kilobytes; 1 at least, since 0 and less mean something else. */
export const temporaryFileLimit = (bytes: number): string =>
  `temp_file_limit = ${Math.min(2_000_000_000, Math.max(1, Math.floor(bytes / 1024)))}`;

/** Milliseconds: a disk fills slowly beside how often it is asked. */
const lifetime = 1000;

/** What is free on the disk of a folder, beside what loads need to end, looked up once a second at most; null where the system does not say. */
export function freeRoom(folder: string): () => number | null {
  let found: number | null = null;
  let until = 0;
  return () => {
    const now = performance.now();
    if (now < until) {
      return found;
    }
    until = now + lifetime;
    const space = diskSpace(folder);
    found = space === null ? null : Math.max(0, space.free - leastSpace);
    return found;
  };
}
