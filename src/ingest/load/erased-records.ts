import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { RecordEraser } from '../convert/record-eraser.ts';
import type { HeaderMatch } from '../identify/match-header.ts';
import { erasedDigests } from '../ledger/erasures.ts';
import { ErasureRules } from '../personal/erasure-rules.ts';
import { requiredKey } from '../personal/personal-key.ts';
import { Persons } from '../personal/persons.ts';

/** What takes persons who were erased out of the records of a file; null: nobody was. Throws PersonalKeyMissing. */
export async function eraserOf(
  transaction: Transaction,
  catalogue: Catalogue,
  file: { readonly match: HeaderMatch; readonly delimiter: string },
): Promise<RecordEraser | null> {
  const target = file.match.export;
  const erased = await erasedDigests(transaction, target.source);
  if (erased.length === 0) {
    return null;
  }
  const persons = Persons.remembered(erased, requiredKey(catalogue, 'whoever was erased, to be known again,'));
  return new RecordEraser(new ErasureRules(catalogue, target.set), persons, file);
}
