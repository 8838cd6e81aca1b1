import path from 'node:path';
import { archivedCatalogue } from '../archive/archives.ts';
import { type Erasure, erasePersons } from '../ingest/erase/erase-persons.ts';
import { everyone } from '../observation/observe.ts';
import { prepare } from './migrate.ts';
import { takenFolders } from './serving/kept-folders.ts';
import { storedRowsTo } from './support/console.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings, withExistingWarehouse } from './support/surroundings.ts';

export interface EraseFlags {
  readonly person: readonly string[];
  readonly source?: string;
  /** Without it, or with `dryRun`, it is only counted. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `gateway erase`: takes a person out of everything that is kept. 2 when something is left that it cannot reach. */
export async function eraseCommand(surroundings: Surroundings, flags: EraseFlags): Promise<number> {
  const { config, print } = surroundings;
  const catalogue = catalogueOf(surroundings);
  return withExistingWarehouse(surroundings, async ({ database }) => {
    await prepare(database, catalogue, { observe: everyone(surroundings.observe, storedRowsTo(print)) });
    const erasure = await erasePersons(database, await archivedCatalogue(database, catalogue), {
      persons: flags.person,
      source: flags.source ?? null,
      folders: takenFolders(config),
      dryRun: flags.yes !== true || flags.dryRun === true,
    });
    erasureLines(erasure, config.dropDir).forEach(print);
    return erasure.containers.length > 0 ? exitCodes.partial : exitCodes.ok;
  });
}

/** What an erasure found, for whoever typed the command. */
export function erasureLines(erasure: Erasure, dropDir: string): readonly string[] {
  const { erasureId, sets, rejects, samples, messages, audited, files, containers, others } = erasure;
  const below = (file: string): string => path.relative(dropDir, file);
  const lines = [
    ...[...sets].map(
      ([set, { removed, emptied }]) => `${set}: ${removed} rows to remove, ${emptied} rows to empty of the person`,
    ),
    ...(rejects > 0 ? [`rejected rows: ${rejects}`] : []),
    ...(samples > 0 ? [`samples of unknown columns: ${samples}`] : []),
    ...(messages > 0 ? [`messages of refused files: ${messages}`] : []),
    ...(audited > 0 ? [`queries of audited requests: ${audited}`] : []),
    ...files.map(
      (file) => `${below(file.path)}: ${file.removed} rows to remove, ${file.emptied} rows to empty of the person`,
    ),
  ];
  const found = lines.length === 0 ? ['Nothing of the person was found.'] : lines;
  const unread = containers.map(
    (file) =>
      `${below(file)}: a container, which is not written anew. Unpack it to look for the person, or delete it: nothing in it is loaded again by itself`,
  );
  if (erasureId !== null) {
    const done = found.map((line) =>
      line.replace('rows to remove', 'rows removed').replace('rows to empty', 'rows emptied'),
    );
    return [
      ...done,
      ...unread,
      `Erased, and remembered as erasure ${erasureId}: files that come later do not bring the person back.`,
    ];
  }
  const also = [...others].map(([property, values]) => `also known there, ${property}: ${[...values].join(', ')}`);
  const hint =
    also.length === 0
      ? []
      : ['Repeat --person for each of these that is the same person alone: more rows may hold it.'];
  return [...found, ...unread, ...also, ...hint, 'Nothing was changed. To erase: the same command with --yes.'];
}
