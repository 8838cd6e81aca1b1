/** The Power Query that files claim to be of: one that real files name, and the oldest that may read them. */
export const engine = { version: '2.143.176.0', minVersion: '2.21.0.0', culture: 'en-US' } as const;

/** The OLE DB connection of a query of the workbook. Excel quotes a name with a blank. */
export function connectionString(query: string): string {
  const location = query.includes(' ') ? `"${query}"` : query;
  return `Provider=Microsoft.Mashup.OleDb.1;Data Source=$Workbook$;Location=${location};Extended Properties=""`;
}

export const selectAll = (query: string): string => `SELECT * FROM [${query.replaceAll(']', ']]')}]`;
