import { GatewayError } from '../../errors.ts';
import { hashName } from './draft-text.ts';
import type { FoundKey } from './find-key.ts';
import { wordsOf } from './names.ts';
import { type ColumnProposal, count } from './propose-column.ts';
import { type FilesRead, readGroups, type TextFiles } from './read-files.ts';

/** The key of the drafted export, and why. */
export interface ChosenKey {
  readonly key: readonly string[];
  readonly keyEvidence: string;
  /** Properties of which the key is computed; null: it is made of columns. */
  readonly hashed: readonly string[] | null;
}

/** Longest text of a key: an index holds 2400 bytes. */
const longestKey = 200;

/** Characters of what names a row; longer texts say something of it. */
const longestName = 40;

/** One column, else the smallest group of columns, that tells all rows apart; else a key made from all cells. Throws DraftRefused where none can stand in a key. */
export async function chooseKey(
  read: FilesRead,
  columns: readonly ColumnProposal[],
  { files, unfit }: { readonly files: TextFiles; readonly unfit: ReadonlySet<string> },
): Promise<ChosenKey> {
  const fit = columns.filter(({ profile }) => !unfit.has(profile.property));
  if (fit.length === 0) {
    const why =
      'each column has cells that a spreadsheet ruined (1E+15, #NAME?), so nothing tells rows apart: take the file as the vendor wrote it';
    throw new GatewayError('DraftRefused', `No draft is made: ${why}.`);
  }
  const eligible = columns.flatMap((column, place) =>
    fit.includes(column) && isEligible(column, read.rows) ? [{ column, place, rank: rankOf(column) }] : [],
  );
  const sorted = eligible.sort((one, other) => one.rank - other.rank || one.place - other.place);
  if (read.rows === 0) {
    const id = fit.find(({ profile }) => isId(profile.header));
    return id === undefined
      ? hashOf(fit, 'There is no row that shows a key: the key is made from all cells. Name one if there is.')
      : { key: [id.profile.property], keyEvidence: 'guess: no row shows a key; the header names an id', hashed: null };
  }
  const singles = read.keys.found();
  const single = sorted
    .map(({ place }) => singles.find(({ columns: [only] }) => only === place))
    .find((one) => one !== undefined);
  const found =
    single ??
    (
      await readGroups(
        files,
        sorted.map(({ place }) => place),
      )
    ).found();
  if (found === null) {
    const why = `No column, and no group of up to three, tells ${count(read.rows)} rows apart: the key is made from all cells, so a row that changes comes as another one`;
    return hashOf(fit, why);
  }
  const key = found.columns.map((place) => columns[place]?.profile.property ?? '');
  return { key, keyEvidence: evidenceOf(found, read.rows), hashed: null };
}

function hashOf(columns: readonly ColumnProposal[], keyEvidence: string): ChosenKey {
  return { key: [hashName], keyEvidence, hashed: columns.map(({ profile }) => profile.property) };
}

function evidenceOf({ columns, unique, rows }: FoundKey, all: number): string {
  const what = columns.length === 1 ? 'this column is' : 'these columns together are';
  const looked = rows < all ? `the first ${count(rows)} of ${count(all)} rows` : `${count(rows)} rows`;
  const where =
    unique === 'all'
      ? `different in ${looked}`
      : `different in the rows of each file (${looked}); they come again in other files`;
  const few = rows < 50 ? '; these are few, check' : '';
  return `guess: ${what} filled and ${where}${few}`;
}

/** Part of a key may be what is filled in every row, and short. */
function isEligible({ profile, type }: ColumnProposal, rows: number): boolean {
  const text = type !== 'String' || profile.longest <= longestKey;
  return (
    profile.values === rows && text && profile.sentences === 0 && !['Decimal', 'Boolean', 'Duration'].includes(type)
  );
}

const isId = (header: string): boolean =>
  /^(?:id|uuid|guid|key|number|nr|no|code)$/i.test(wordsOf(header).at(-1) ?? '');

/** The likeliest parts of a key first. */
function rankOf({ profile, type, personalData }: ColumnProposal): number {
  if (isId(profile.header)) {
    return 0;
  }
  if (type === 'String') {
    // A short text that is different in each row names it sooner than a number, which may count something.
    return personalData === 'direct' || profile.longest > longestName ? 4 : 2;
  }
  return type === 'Date' || type === 'DateTimeOffset' || type === 'TimeOfDay' ? 1 : 3;
}
