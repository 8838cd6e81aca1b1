import { ascending, column, type Row } from './loaded-feed.ts';

/** Groups and aggregates of rows in plain JavaScript, to compare what `$apply` gives with. */

/** The values of one property without nulls. */
export const numbers = (rows: readonly Row[], name: string): number[] =>
  column(rows, name)
    .filter((value) => value !== null)
    .map(Number);
export const sum = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
export const most = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));
export const least = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.min(...values));

/** Groups by the values of some properties, in the order of those values. */
export function groups(rows: readonly Row[], ...names: readonly string[]): { key: Row; rows: readonly Row[] }[] {
  const made = new Map<string, { key: Row; rows: Row[] }>();
  for (const row of rows) {
    const key = Object.fromEntries(names.map((name) => [name, row[name]]));
    const text = JSON.stringify(key);
    const group = made.get(text) ?? { key, rows: [] };
    group.rows.push(row);
    made.set(text, group);
  }
  return [...made.values()].sort(
    (a, b) => names.map((name) => ascending(a.key[name], b.key[name])).find((order) => order !== 0) ?? 0,
  );
}
