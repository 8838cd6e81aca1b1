export const rejectStates = ['open', 'replayed', 'superseded', 'dismissed', 'skipped'] as const;
export type RejectState = (typeof rejectStates)[number];

/** Rejected rows of one export that are at fault in the same way. */
export interface RejectGroup {
  readonly source: string;
  readonly export: string;
  readonly code: string;
  /** Column header; null: the row as a whole. */
  readonly header: string | null;
  readonly rows: number;
}

export interface RejectedRow {
  /** Decimal digits. */
  readonly RejectId: string;
  readonly Line: string | null;
  readonly Message: string;
  readonly RawText: string | null;
  readonly Reason: string | null;
  readonly ClosedAt: string | null;
  readonly Load: { readonly LoadId: string; readonly FileName: string; readonly StartedAt: string };
}

type Row = Readonly<Record<string, unknown>>;

export const groupsUrl = (state: RejectState): string =>
  `LoadRejects?$apply=filter(State eq '${state}')/groupby((Load/Source,Load/Export,Code,Header),aggregate($count as Rows))`;

/** Of the reply to `groupsUrl`; those of which there are most first. */
export const readGroups = (rows: readonly Row[]): readonly RejectGroup[] =>
  rows
    .map((row) => {
      const load = (row['Load'] ?? {}) as Row;
      return {
        source: String(load['Source']),
        export: String(load['Export']),
        code: String(row['Code']),
        header: typeof row['Header'] === 'string' ? row['Header'] : null,
        rows: Number(row['Rows']),
      };
    })
    .sort((a, b) => b.rows - a.rows || a.code.localeCompare(b.code));

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The request for the rows of a group, the newest first. */
export function rejectsUrl({ source, export: name, code, header }: RejectGroup, state: RejectState): string {
  const filter = [
    `State eq '${state}'`,
    `Load/Source eq ${quoted(source)}`,
    `Load/Export eq ${quoted(name)}`,
    `Code eq ${quoted(code)}`,
    `Header eq ${header === null ? 'null' : quoted(header)}`,
  ].join(' and ');
  const columns = 'RejectId,Line,Message,RawText,Reason,ClosedAt';
  return `LoadRejects?$filter=${encodeURIComponent(filter)}&$select=${columns}&$expand=Load($select=LoadId,FileName,StartedAt)&$orderby=RejectId desc`;
}

/** What became of an order, in words. */
export function replayText(outcome: {
  readonly asked: number;
  readonly tried: number;
  readonly replayed: number;
}): string {
  const { asked, tried, replayed } = outcome;
  if (asked === 0) {
    return 'None of these rows is open any more.';
  }
  const again = tried - replayed;
  const lost = asked - tried;
  return [
    `${replayed} of ${asked} taken in.`,
    ...(again > 0 ? [`${again} rejected again.`] : []),
    ...(lost > 0 ? [`${lost} cannot be read again from what is kept: load the corrected file.`] : []),
  ].join(' ');
}
