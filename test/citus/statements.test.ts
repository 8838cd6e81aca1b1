import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { withoutComments } from '../support/source-rules.ts';

/** Rooms whose statements read tables of sets. */
const rooms = ['sql', 'unify', 'ingest/merge', 'ingest/derive', 'ingest/rebuild', 'warehouse/tables'];

describe('Statements on tables that Citus distributes', () => {
  it('select something: an empty list is sent to a worker as a function that returns a record, and refused', () => {
    const empty = rooms.flatMap((room) => {
      const folder = path.join('src', room);
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
      return files.filter((name) => {
        const text = withoutComments(readFileSync(path.join(folder, name), 'utf8'));
        return /SELECT FROM|EXISTS \(SELECT \$\{(?:fromWhere|rows)/.test(text);
      });
    });
    assert.deepEqual(empty, []);
  });
});
