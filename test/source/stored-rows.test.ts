import assert from 'node:assert/strict';
import type { JsonFormat } from '../../src/json/json-format.ts';
import type { RowShape } from '../../src/json/row-shape.ts';
import type { JoinKey } from '../../src/plan/federate/join-key.ts';
import type { Completion, Join } from '../../src/plan/federate/split-selection.ts';
import { StoredRows } from '../../src/source/federated/stored-rows.ts';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import type { ReadSession, RowBatch } from '../../src/warehouse/database.ts';
import { entitySet, entityType, property } from '../edm/small-model.ts';

const format: JsonFormat = {
  metadata: 'minimal',
  ieee754Compatible: true,
  omitNulls: false,
  root: 'http://gateway/odata/',
  namespace: 'Gateway',
};
const id = property('Id', 'Edm.Int64', { nullable: false });
const agent = property('AgentId', 'Edm.Guid');
const type = entityType('Call', ['Id'], [id, agent]);
const set = entitySet('Calls', type);

/** A join over `AgentId` that adds members of this name. */
function joinTo(name: string): Join {
  const navigation = { kind: 'NavigationProperty', name, target: 'Agent', collection: false, nullable: true, join: [] };
  return { expand: { navigation }, own: [agent], theirs: [agent] } as unknown as Join;
}

const nothing: Completion = { hidden: new Set(), inside: [], joins: [] };
const value = (name: string, type: 'Edm.Int64' | 'Edm.Guid' | 'Edm.String') =>
  ({ kind: 'value', name, type, collection: false }) as const;

function sessionOf(lines: readonly string[]): ReadSession {
  const buffer = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const ends: number[] = [];
  for (let at = buffer.indexOf(0x0a); at >= 0; at = buffer.indexOf(0x0a, at + 1)) {
    ends.push(at);
  }
  const starts = [0, ...ends.slice(0, -1).map((end) => end + 1)];
  const batch: RowBatch = {
    buffer,
    starts: Int32Array.from(starts),
    ends: Int32Array.from(ends),
    count: lines.length,
  };
  return {
    async *copyOut() {
      yield batch;
    },
  } as unknown as ReadSession;
}

interface Asked {
  readonly name: string;
  readonly keys: readonly JoinKey[];
}

async function completed(shape: RowShape, completion: Completion, lines: readonly string[]) {
  const rows = new StoredRows({ set, completion, format, keys: [id] });
  const query: CompiledQuery = { text: '', shape, positionColumns: 0 };
  await rows.read(sessionOf(lines), query);
  const asked: Asked[] = [];
  const texts = await rows.completed(async ({ expand }, keys) => {
    asked.push({ name: expand.navigation.name, keys });
    return keys.map((key) => (key === null ? '' : `,"${expand.navigation.name}":${JSON.stringify(key)}`));
  });
  return { rows, texts, asked };
}

const guid = 'AAAAAAAA-0000-0000-0000-000000000001';
const low = guid.toLowerCase();

describe('stored rows of a join', () => {
  it('are served with what others have put in, keys taken from the columns and comparable', async () => {
    const shape = { fields: [value('Id', 'Edm.Int64'), value('AgentId', 'Edm.Guid'), value('Title', 'Edm.String')] };
    const completion = { ...nothing, hidden: new Set(['AgentId']), joins: [joinTo('Agent'), joinTo('Owner')] };
    const { rows, texts, asked } = await completed(shape, completion, [`1\t${guid}\té\\t"`, '2\t\\N\tx']);
    assert.deepEqual(texts, [
      `{"Id":"1","Title":"é\\t\\"","Agent":["${low}"],"Owner":["${low}"]}`,
      '{"Id":"2","Title":"x"}',
    ]);
    assert.deepEqual(asked, [
      { name: 'Agent', keys: [[low], null] },
      { name: 'Owner', keys: [[low], null] },
    ]);
    assert.deepEqual(rows.urls(), ['Calls(1)', 'Calls(2)']);
    assert.deepEqual(rows.keysOf([id]), [['1'], ['2']]);
  });

  it('have no comma too many where nothing of their own is served', async () => {
    const shape = { fields: [value('AgentId', 'Edm.Guid')] };
    const hidden = new Set(['AgentId']);
    const joins = [joinTo('Agent'), joinTo('Owner')];
    const rows = new StoredRows({ set, completion: { hidden, inside: [], joins }, format, keys: [] });
    await rows.read(sessionOf([guid, guid, '\\N']), { text: '', shape, positionColumns: 0 });
    let asked = 0;
    const texts = await rows.completed(async ({ expand }) => {
      asked += 1;
      return asked === 1 ? ['', ',"Agent":1', ''] : [`,"${expand.navigation.name}":2`, ',"Owner":3', ''];
    });
    assert.deepEqual(texts, ['{"Owner":2}', '{"Agent":1,"Owner":3}', '{}']);
  });

  it('are completed within nested objects and collections too, asked for together', async () => {
    const row = { fields: [value('Id', 'Edm.Int64'), value('AgentId', 'Edm.Guid')] };
    const shape: RowShape = {
      fields: [
        value('Id', 'Edm.Int64'),
        { kind: 'object', name: 'One', row, control: null },
        { kind: 'array', name: 'Many', row, rowEnd: 0x02, columnEnd: 0x01, withCount: false, control: null },
      ],
    };
    const joins = [joinTo('Agent')];
    const completion: Completion = {
      hidden: new Set(),
      joins: [],
      inside: [
        { name: 'One', collection: false, completion: { hidden: new Set(['AgentId']), inside: [], joins } },
        { name: 'Many', collection: true, completion: { hidden: new Set(['Id']), inside: [], joins: [joinTo('Far')] } },
      ],
    };
    const many = `7\u0001${guid}\u00028\u0001\u001d\u0002`;
    const { texts, asked } = await completed(shape, completion, [`1\t1\t5\t${guid}\t${many}`, '2\t\\N\t\\N\t\\N\t\\N']);
    assert.deepEqual(asked, [
      { name: 'Agent', keys: [[low]] },
      { name: 'Far', keys: [[low], null] },
    ]);
    assert.deepEqual(texts, [
      `{"Id":"1","One":{"Id":"5","Agent":["${low}"]},"Many":[{"AgentId":"${guid}","Far":["${low}"]},{"AgentId":null}]}`,
      '{"Id":"2","One":null,"Many":[]}',
    ]);
  });
});
