import { format } from 'sql-formatter';

/** A statement on many lines, for people; it means what it meant. */
export const formattedSql = (sql: string): string =>
  format(sql, { language: 'postgresql', keywordCase: 'preserve', expressionWidth: 100 });
