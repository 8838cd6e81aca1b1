import { formattedSql as formatted } from '../../src/sql/formatted-sql.ts';

/** A statement on many lines, as it stands in a golden file. */
export const formattedSql = (sql: string): string => `${formatted(sql)}\n`;

/** What PostgreSQL reads of a statement: texts, quoted and plain names and numbers, operators, brackets; no space between them. */
export const tokensOf = (sql: string): readonly string[] =>
  sql.match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|[()[\],.;]|[^\s\w'"()[\],.;]+/g) ?? [];
