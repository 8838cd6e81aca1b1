/** What a merge does with a row, as the table of decisions says it, and as what the ledger counts it. */
export const actions = {
  /** Its key is new. */
  insert: 'inserted',
  /** It is newer than the stored row, and says something else. */
  update: 'updated',
  /** It is older, but says the newest of a cell: one that an empty cell does not overwrite, or of a column that newer files lack. */
  fill: 'updated',
  /** It is newer, and says the same. */
  same: 'unchanged',
  /** As `same`, and nothing in the row would change but how new it is: that is noted beside it, see ledger/confirmations.ts. */
  noted: 'unchanged',
  /** It is older and says nothing new. */
  older: 'unchanged',
  /** It is older and says nothing new, but confirms such a cell. */
  confirm: 'unchanged',
  /** Of a stored row, that this file does not hold: it loses cells that older files gave it (see absences.ts). No row of the file. */
  clear: null,
} as const satisfies Readonly<Record<string, 'inserted' | 'updated' | 'unchanged' | null>>;

export type Action = keyof typeof actions;

/** The action as a constant of SQL: these words need no quoting. */
export const actionLiteral = (action: Action): string => `'${action}'`;

/** Whether a row of the table of decisions is one of these. */
export function isAction(alias: string, ...wanted: readonly Action[]): string {
  return `${alias}._action IN (${wanted.map(actionLiteral).join(', ')})`;
}
