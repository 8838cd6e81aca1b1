import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { affectedTable } from '../../src/ingest/derive/affected-keys.ts';
import { asDimension, derivedTables } from '../../src/ingest/derive/derived-sets.ts';
import { dimensionQuery, recentQuery } from '../../src/ingest/derive/dimension-rows.ts';
import { unifiedQuery } from '../../src/ingest/derive/unified-rows.ts';
import { withoutComments } from '../support/source-rules.ts';
import { wholeCatalogue } from '../unified/whole-catalogue.ts';

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

  it('make rows of sets over all sources of those sources alone whose things are affected', () => {
    const messages = derivedTables(wholeCatalogue).find(({ table }) => table.set.name === 'Messages');
    assert.ok(messages !== undefined);
    const asked = (all: boolean, spaces?: readonly string[]): readonly string[] => {
      const named = spaces === undefined ? {} : { spaces: new Set(spaces) };
      const text = unifiedQuery(wholeCatalogue, { derived: messages, all, ...named });
      return ['SparkcentralMessages', 'HootsuiteInboxMessages', 'TracebuzzResults'].filter((set) =>
        text.includes(`"${set}" AS`),
      );
    };
    const everyone = asked(false);
    assert.deepEqual(everyone, ['SparkcentralMessages', 'HootsuiteInboxMessages', 'TracebuzzResults']);
    assert.deepEqual(asked(false, ['tracebuzz:']), ['TracebuzzResults']);
    assert.deepEqual(asked(false, ['sparkcentral:']), ['SparkcentralMessages', 'HootsuiteInboxMessages']);
    assert.deepEqual(asked(true, []), everyone);
  });

  it('name a table of the session once: its rows are sent for each place that names it', () => {
    const agents = derivedTables(wholeCatalogue).find(({ table }) => table.set.name === 'SparkcentralAgents');
    const dimension = agents === undefined ? null : asDimension(agents);
    assert.ok(dimension !== null);
    const placesOf = (text: string, table: string): number => text.split(table).length - 1;
    const named = (isDistributed: boolean): readonly number[] => [
      placesOf(
        dimensionQuery(wholeCatalogue, dimension, { whole: false, noted: new Set(), isDistributed }),
        affectedTable(dimension),
      ),
      placesOf(recentQuery(wholeCatalogue, dimension, { table: 'recent', least: 'now()', isDistributed }), ' recent'),
    ];
    assert.deepEqual(named(true), [1, 1]);
    assert.ok(named(false).every((places) => places > 1));
  });
});
