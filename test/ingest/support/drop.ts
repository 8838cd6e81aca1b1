import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  DropFolder,
  type DropFolderOptions,
  type DropResult,
} from '../../../src/ingest/delivery/folder/drop-folder.ts';
import type { DropNotice } from '../../../src/observation/events/ingest.ts';
import { exportFile, type Feed } from './feed.ts';

/** A drop folder whose clock stands still until the test moves it. */
export interface TestDrop {
  readonly folder: string;
  readonly notices: readonly DropNotice[];
  /** What all scans took. */
  readonly taken: readonly DropResult[];
  at(...parts: string[]): string;
  write(below: string, text: string): string;
  /** States of what the next scan took, `seconds` later. */
  after(seconds: number): Promise<readonly string[]>;
  /** The gateway ends and starts again: what it remembered is gone. */
  restart(): void;
}

/** Drop folders of a feed, each of its own. */
export function drops(
  feed: () => Feed,
): (options?: DropFolderOptions & { readonly of?: Feed['catalogue'] }) => TestDrop {
  let count = 0;
  return ({ of, ...options } = {}) => {
    count += 1;
    const folder = path.join(feed().folder, `drop-${count}`);
    mkdirSync(folder);
    let now = 0;
    const notices: DropNotice[] = [];
    const taken: DropResult[] = [];
    const open = () =>
      new DropFolder({ database: feed().database, catalogue: of ?? feed().catalogue }, folder, {
        settle: 0,
        clock: () => now,
        observe: (one) => {
          if (one.event === 'drop-folder') {
            const { event: _, ...notice } = one;
            notices.push(notice);
          }
        },
        ...options,
      });
    let current = open();
    const at = (...parts: string[]): string => path.join(folder, ...parts);
    return {
      folder,
      notices,
      taken,
      at,
      write: (below, text) => {
        mkdirSync(path.dirname(at(below)), { recursive: true });
        writeFileSync(at(below), text);
        return at(below);
      },
      after: async (seconds) => {
        now += seconds * 1000;
        const { results } = await current.scan();
        taken.push(...results);
        return results.map(({ state }) => state);
      },
      restart: () => {
        current = open();
      },
    };
  };
}

let stamp = 1_750_000_000;

/** An export of cases under a new name each time, with keys of its own. */
export function casesFile(rows: number): { readonly name: string; readonly text: string } {
  stamp += 10;
  const from = (stamp - 1_750_000_000) * 1000;
  const ids = Array.from({ length: rows }, (_, row) => ({ CaseId: from + row }));
  return { name: `raw-cases-${stamp}.csv`, text: exportFile('tracebuzz/cases', ids) };
}
