import type { Export } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Transaction } from '../../warehouse/database.ts';
import type { ReadRows } from '../convert/staging-lines.ts';

/** A rejected row, as a person is shown it. */
export interface ShownFault {
  readonly line: number;
  readonly header: string | null;
  readonly code: string;
  readonly message: string;
}

/** What is known of the rejected rows of a file. */
export interface Rejected {
  readonly read: number;
  readonly rejected: number;
  readonly byCode: ReadonlyMap<string, number>;
  readonly first: readonly ShownFault[];
}

/** Rejected rows shown of a file that is refused for them. */
export const shownFaults = 10;

/** Files of no more rows are judged by their share of rejected rows only where no row, or no reject at all, is taken. */
const fewRows = 20;

/** `fail` is as if no row at all might be rejected. */
const percentOf = ({ onRowError, maxRejectedPercent }: Export['files']): number =>
  onRowError === 'fail' ? 0 : maxRejectedPercent;

/** Whether so many rows are rejected that the file is more likely read wrongly than partly bad. */
export function rejectsTooMany({ files }: Export, { read, rejected }: Pick<Rejected, 'read' | 'rejected'>): boolean {
  if (rejected === 0) {
    return false;
  }
  const percent = percentOf(files);
  return rejected === read || percent === 0 || (read > fewRows && rejected * 100 > percent * read);
}

/** The refusal of such a file: counts by code in its message, the first bad rows and the command that loads it anyway in its details. */
export function tooManyRejects(target: Export, { read, rejected, byCode, first }: Rejected): GatewayError {
  const percent = percentOf(target.files);
  const counts = [...byCode].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([code, n]) => `${n} ${code}`);
  const rows = rejected === read ? `All ${read} rows are rejected` : `${rejected} of ${read} rows are rejected`;
  const fails = target.files.onRowError === 'fail' ? ' (onRowError: fail)' : '';
  const limit =
    rejected === read ? '' : `, more than the ${percent} % that ${target.source}/${target.name} may have${fails}`;
  return new GatewayError('TooManyRejects', `${rows}${limit}: ${counts.join(', ')}`, {
    details: [
      ...first.map(
        (one) => `line ${one.line}${one.header === null ? '' : `, ${one.header}`}: ${one.code}: ${one.message}`,
      ),
      ...(rejected > first.length ? [`and ${rejected - first.length} more`] : []),
    ],
  });
}

/** Throws TooManyRejects for the rows of a file; `staged` is the name of their temporary table. */
export async function judgeRejects(
  transaction: Transaction,
  target: Export,
  { staged, ...rows }: ReadRows & { readonly staged: string },
): Promise<void> {
  if (!rejectsTooMany(target, rows)) {
    return;
  }
  const counts = await transaction.query<{ code: string; n: string }>(
    `SELECT _code AS code, count(*)::text AS n FROM ${staged} WHERE _code IS NOT NULL GROUP BY 1`,
  );
  const first = await transaction.query<{ line: number; header: string | null; code: string; message: string }>(
    `SELECT _line AS line, _header AS header, _code AS code, _message AS message FROM ${staged} WHERE _code IS NOT NULL ORDER BY _line LIMIT ${shownFaults}`,
  );
  throw tooManyRejects(target, {
    ...rows,
    byCode: new Map(counts.rows.map(({ code, n }) => [code, Number(n)])),
    first: first.rows,
  });
}
