import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { part } from '../sql/compile-url.ts';
import { rules } from '../sql/filter-rules.ts';

const folder = path.resolve(import.meta.dirname, '../sql/golden');

/** Requests of the golden statements, over the small model. */
export const goldens: readonly string[] = readdirSync(folder).map((name) => {
  const [, url = ''] = /^-- GET ([^\n]+)$/m.exec(readFileSync(path.join(folder, name), 'utf8')) ?? [];
  return url;
});

/** Requests with all filters that have a rule, rows and counts, over the small model. */
export const filters: readonly string[] = rules.flatMap(([filter]) => {
  const text = filter.includes('%2B') ? filter : part(filter);
  return [`Cases?$filter=${text}`, `Cases/$count?$filter=${text}`];
});

/** The tests of the standard, over the product's own metadata, named from the root of the repository. */
export const conformanceFiles = (): readonly string[] =>
  readdirSync(path.resolve(import.meta.dirname, '../conformance'))
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts'))
    .map((name) => `test/conformance/${name}`);
