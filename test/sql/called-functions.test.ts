import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { withoutLiterals } from '../../src/sql/hidden-literals.ts';
import type { Database } from '../../src/warehouse/database.ts';
import { openDatabase } from '../../src/warehouse/postgres-database.ts';
import { migratedDatabase } from '../support/made-databases.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { compiled, part } from './compile-url.ts';
import { condition, numberExpression, textExpression } from './random-expression.ts';

/** Names before a bracket that are syntax, and no functions of the catalogue. */
const syntax = [
  ...[
    'all',
    'and',
    'any',
    'array',
    'as',
    'by',
    'coalesce',
    'distinct',
    'exists',
    'filter',
    'from',
    'greatest',
    'grouping',
  ],
  ...[
    'in',
    'interval',
    'join',
    'lateral',
    'least',
    'not',
    'nullif',
    'on',
    'or',
    'over',
    'row',
    'rollup',
    'select',
    'sets',
  ],
  ...[
    'then',
    'else',
    'when',
    'union',
    'using',
    'values',
    'where',
    'with',
    'numeric',
    'varchar',
    'char',
    'time',
    'timestamp',
  ],
  ...[
    'timestamptz',
    'case',
    'end',
    'is',
    'between',
    'like',
    'copy',
    'within',
    'materialized',
    'ordinality',
    'only',
    'cube',
  ],
];

/** Of a statement without its literals and names. */
function callsOf(sql: string): readonly string[] {
  const bare = withoutLiterals(sql)
    .replace(/"(?:[^"]|"")*"/g, 'n')
    .replace(/\bAS\s+\w+\s*\(/gi, '(');
  const found = [...bare.matchAll(/\b([a-z_][a-z0-9_]*)\s*\(/gi)].map(([, name = '']) => name.toLowerCase());
  // A name of ours that is followed by a list of columns was quoted.
  return found.filter((name) => name !== 'n' && !syntax.includes(name));
}

describe('what statements of requests call in PostgreSQL', () => {
  let store: TestDatabase;
  let database: Database;
  before(async () => {
    store = await migratedDatabase();
    database = await openDatabase({ connection: store.connectionString, readers: 1 });
  });
  after(async () => {
    await database.close();
    await store.drop();
  });

  it('has no effect, waits for nothing, and reaches no file: no function of it is volatile', async () => {
    const golden = path.join(import.meta.dirname, 'golden');
    const calls = new Set(
      readdirSync(golden)
        .map((file) => readFileSync(path.join(golden, file), 'utf8').replace(/^--.*$/gm, ''))
        .flatMap(callsOf),
    );
    const add = (url: string): void => {
      for (const name of callsOf(compiled(url).text)) {
        calls.add(name);
      }
    };
    fc.assert(
      fc.property(condition, numberExpression, textExpression, (where, number, text) => {
        add(`Cases?$filter=${part(where.text)}&$orderby=${part(number.text)}`);
        add(`Cases?$compute=${part(text.text)} as T&$select=T`);
      }),
      { numRuns: 80 },
    );
    assert.ok(calls.size > 25, [...calls].join());
    const { rows } = await database.query<{ name: string; volatile: boolean }>(
      `SELECT name, coalesce(bool_or(p.provolatile = 'v'), true) AS volatile
         FROM unnest($1::text[]) AS name LEFT JOIN pg_proc p ON p.proname = name AND p.pronamespace = 'pg_catalog'::regnamespace
        GROUP BY name`,
      [[...calls]],
    );
    assert.deepEqual(
      rows.filter(({ volatile }) => volatile).map(({ name }) => name),
      [],
    );
  });

  it('is told from what is volatile, should one come', async () => {
    assert.deepEqual(
      callsOf(`SELECT pg_sleep(1), "count" ('x(') FROM "a(b" WHERE set_config('a', 'b', true) IN ('c')`),
      ['pg_sleep', 'set_config'],
    );
    const { rows } = await database.query(
      `SELECT proname FROM pg_proc WHERE proname IN ('pg_sleep', 'set_config', 'pg_read_file', 'lower') AND provolatile = 'v' GROUP BY 1 ORDER BY 1`,
    );
    assert.deepEqual(
      rows,
      ['pg_read_file', 'pg_sleep', 'set_config'].map((proname) => ({ proname })),
    );
  });
});
