import { format } from 'sql-formatter';

/** A statement on many lines, as it stands in a golden file. */
export const formattedSql = (sql: string): string =>
  `${format(sql, { language: 'postgresql', keywordCase: 'preserve', expressionWidth: 100 })}\n`;

/** What PostgreSQL reads of a statement: texts, quoted and plain names and numbers, operators, brackets; no space between them. */
export const tokensOf = (sql: string): readonly string[] =>
  sql.match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|[()[\],.;]|[^\s\w'"()[\],.;]+/g) ?? [];
