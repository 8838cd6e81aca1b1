import { stat } from 'node:fs/promises';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Database } from '../../warehouse/database.ts';
import { examineFile } from '../csv/file-facts.ts';
import { countErasures, erasedDigests, sourceOfFile } from '../ledger/erasures.ts';
import { requiredKey } from '../personal/personal-key.ts';
import { Persons } from '../personal/persons.ts';
import { discard, exchange, isContainer, planFile, type Rewriting, rewriteFiles } from './erase-files.ts';

/**
 * Takes persons who were erased before out of files that were put away just now: what came in holds them still. Nothing is read where nobody
 * was erased. `source`: that of the files where the ledger does not know it; null: nobody does.
 */
export async function eraseKeptFiles(
  { database, catalogue }: { readonly database: Database; readonly catalogue: Catalogue },
  { paths, source }: { readonly paths: readonly string[]; readonly source: string | null },
): Promise<void> {
  if ((await countErasures(database)) === 0) {
    return;
  }
  const written: Rewriting[] = [];
  try {
    await database.transaction(async (transaction) => {
      for (const path of paths) {
        const isThere = (await stat(path).catch(() => null))?.isFile() === true;
        if (!isThere || (await isContainer(path))) {
          continue;
        }
        const facts = await examineFile(path);
        const known = (await sourceOfFile(transaction, facts.sha256)) ?? source;
        const erased = await erasedDigests(transaction, known ?? '');
        if (erased.length === 0) {
          continue;
        }
        const persons = Persons.remembered(erased, requiredKey(catalogue, 'whoever was erased, to be known again,'));
        const planned = await planFile(transaction, catalogue, { facts, persons, source: null, place: source });
        written.push(...(planned === null ? [] : await rewriteFiles(transaction, [planned])));
      }
    });
  } catch (error) {
    await discard(written);
    throw error;
  }
  await exchange(written);
}
