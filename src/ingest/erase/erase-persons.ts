import type { Catalogue, StoredSet } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { derivedTables, setsTouched } from '../derive/derived-sets.ts';
import { archiveMarks, type DerivedMarks } from '../derive/write-derived.ts';
import { noteErasure } from '../ledger/erasures.ts';
import { lockSets } from '../ledger/set-version.ts';
import { personTokens } from '../personal/person-forms.ts';
import { requiredKey } from '../personal/personal-key.ts';
import { erasedToken, Persons } from '../personal/persons.ts';
import { hashing } from '../personal/treatments.ts';
import { storedTable } from '../stored/stored-table.ts';
import { checkPersonalKey } from '../treat-stored/check-key.ts';
import { eraseAudit } from './erase-audit.ts';
import { discard, type ErasedFile, exchange, findInFiles, type Rewriting, rewriteFiles } from './erase-files.ts';
import { eraseDrift, eraseMessages, eraseRejects, eraseTombstones } from './erase-ledger.ts';
import { type ErasedRows, eraseRows, type OtherNames } from './erase-rows.ts';

export interface EraseOptions {
  /** Names, telephone numbers, addresses, numbers: all that the person is known by. */
  readonly persons: readonly string[];
  /** Only what comes from this source; null: everything. */
  readonly source: string | null;
  /** Folders of files that were taken in, whose bytes are written anew. */
  readonly folders: readonly string[];
  /** Only counted. */
  readonly dryRun: boolean;
}

/** What an erasure found. */
export interface Erasure {
  /** null: nothing was changed. */
  readonly erasureId: string | null;
  /** By set, those with none left out. */
  readonly sets: ReadonlyMap<string, ErasedRows>;
  readonly rejects: number;
  readonly samples: number;
  /** Messages of refused and failed files that quoted the person. */
  readonly messages: number;
  /** Rows of the audit of requests whose query mentioned the person. */
  readonly audited: number;
  readonly files: readonly ErasedFile[];
  /** Containers among the kept files, in which nobody looked. */
  readonly containers: readonly string[];
  /** Other names and numbers in the rows that are removed, by property: more of these rows may be found by them. */
  readonly others: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Takes persons out of all rows, rejected rows, samples and kept files, and remembers them as keyed digests, so that neither a later file nor
 * replay, `--again` or rebuild brings them back. One transaction, in which loads wait; files take their new bytes after it. Throws
 * PersonalKeyMissing, PersonalKeyChanged, ErasureRefused and what reading files throws; then nothing was changed.
 */
export async function erasePersons(database: Database, catalogue: Catalogue, options: EraseOptions): Promise<Erasure> {
  const values = options.persons.map((value) => value.trim()).filter((value) => value !== '');
  if (values.length === 0) {
    throw new GatewayError('ErasureRefused', 'Nothing is said that a person is known by');
  }
  if (options.source !== null && !catalogue.sources.has(options.source)) {
    throw new GatewayError('ErasureRefused', `There is no source ${options.source}`);
  }
  await checkPersonalKey(database, catalogue, { needed: 'gateway erase' });
  const written: Rewriting[] = [];
  let result: Erasure;
  try {
    result = await database.transaction((transaction) =>
      erase(transaction, catalogue, { ...options, persons: values, written }),
    );
  } catch (error) {
    await discard(written);
    throw error;
  }
  await exchange(written);
  return result;
}

async function erase(
  transaction: Transaction,
  catalogue: Catalogue,
  { persons: values, source, folders, dryRun, written }: EraseOptions & { readonly written: Rewriting[] },
): Promise<Erasure> {
  const key = requiredKey(catalogue, 'gateway erase');
  const tokens = values.flatMap(personTokens);
  const hashed = values.flatMap((value) => [hashing(key, true)(value), hashing(key, false)(value)]);
  // Stored values may be hashed; those of files never are.
  const inRows = Persons.named([...tokens, ...hashed.flatMap((hash) => (hash === null ? [] : personTokens(hash)))]);
  const sets = setsOf(catalogue, source);
  if (!dryRun) {
    // With those that follow from them, whichever source these are said to be of.
    await lockSets(
      transaction,
      sets.flatMap(({ name }) => setsTouched(catalogue, name)),
    );
  }
  const marks = await newestMarks(transaction);
  const counts = new Map<string, ErasedRows>();
  const others: OtherNames = new Map();
  // Rows that files fill are there once a file was loaded, those of proxied feeds without one.
  for (const { name } of sets.filter(({ role }) => marks !== null || role === 'copy')) {
    const table = storedTable(catalogue, name);
    const found = await eraseRows(transaction, catalogue, {
      ...{ table, persons: inRows, dryRun, others },
      marks: marks ?? archiveMarks(),
    });
    if (found.removed + found.emptied > 0) {
      counts.set(name, found);
    }
  }
  if (!dryRun && marks !== null) {
    await eraseNamedAgain(transaction, catalogue, { source, persons: inRows, marks });
  }
  const ledger = { persons: inRows, source, dryRun };
  const rejects = await eraseRejects(transaction, catalogue, ledger);
  const samples = await eraseDrift(transaction, ledger);
  const messages = await eraseMessages(transaction, ledger);
  const audited = source === null ? await eraseAudit(transaction, ledger) : 0;
  const tracked = [...sets, ...unifiedSets(catalogue)].map(({ name }) => name);
  await eraseTombstones(transaction, catalogue, { persons: inRows, sets: tracked, dryRun });
  const { files, containers } = await findInFiles(transaction, catalogue, {
    ...{ folders, source },
    persons: Persons.named(tokens),
  });
  if (dryRun) {
    return { erasureId: null, sets: counts, rejects, samples, messages, audited, files, containers, others };
  }
  written.push(...(await rewriteFiles(transaction, files)));
  const erasureId = await noteErasure(transaction, {
    ...{ source, rejects, files: files.length },
    sets: Object.fromEntries(counts),
    digests: tokens.map((token) => erasedToken(token, key)),
  });
  return { erasureId, sets: counts, rejects, samples, messages, audited, files, containers, others };
}

/** Sets over all sources: their rows follow from those that are erased, in the same transaction, whatever they name. */
const unifiedSets = (catalogue: Catalogue): readonly StoredSet[] =>
  derivedTables(catalogue)
    .map(({ table }) => table.set)
    .filter(({ source }) => catalogue.sources.get(source)?.kind === 'builtin');

/** Those that are derived first, each before what it is made of: what follows from the others later finds nobody in them. */
function setsOf(catalogue: Catalogue, source: string | null): readonly StoredSet[] {
  const stored = [...catalogue.sets.values()].filter((set) => set.kind === 'stored');
  const filled = stored.filter(({ role }) => role === 'export' || role === 'copy');
  const following = new Set(unifiedSets(catalogue));
  const derived = derivedTables(catalogue)
    .map(({ table }) => table.set)
    .filter((set) => !following.has(set))
    .reverse();
  return [...derived, ...filled].filter((set) => source === null || set.source === source);
}

/**
 * What stays known when nothing names it any more came back where the first of several sets was emptied and the others still named it. Those that are made
 * of others come last here.
 */
async function eraseNamedAgain(
  transaction: Transaction,
  catalogue: Catalogue,
  { source, ...work }: { readonly source: string | null; readonly persons: Persons; readonly marks: DerivedMarks },
): Promise<void> {
  for (const { table } of derivedTables(catalogue)) {
    const follows = catalogue.sources.get(table.set.source)?.kind === 'builtin';
    if (!follows && (source === null || table.set.source === source)) {
      await eraseRows(transaction, catalogue, { ...work, table, dryRun: false, others: new Map() });
    }
  }
}

/** null: nothing was ever loaded. */
async function newestMarks(transaction: Transaction): Promise<DerivedMarks | null> {
  const { rows } = await transaction.query<{ load_id: string; file_time: string }>(
    `SELECT load_id::text, file_time::text FROM gateway.load l WHERE state = 'loaded' ORDER BY l.file_time DESC, l.load_id DESC LIMIT 1`,
  );
  const [row] = rows;
  return row === undefined ? null : { loadId: row.load_id, fileTime: row.file_time };
}
