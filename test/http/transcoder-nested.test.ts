import assert from 'node:assert/strict';
import fc from 'fast-check';
import copyStreams from 'pg-copy-streams';
import { ByteOutput } from '../../src/json/bytes/byte-output.ts';
import { CellInput } from '../../src/json/cells/cell-input.ts';
import type { JsonFormat } from '../../src/json/json-format.ts';
import { rowWriter } from '../../src/json/row-writer.ts';
import { defaultPlanLimits } from '../../src/plan/bind/limits.ts';
import type { CompiledQuery } from '../../src/sql/compiled-query.ts';
import { compileCollection } from '../../src/sql/read/compile-read.ts';
import { planOf } from '../sql/compile-url.ts';
import { catalogue, setNamed } from '../sql/small-model.ts';
import { openTestFeed, type TestFeed } from '../sql/test-feed.ts';
import { anyCharacter } from '../support/any-character.ts';
import { runs } from '../support/runs.ts';

type Cell = string | number | boolean | null;
type Row = Readonly<Record<string, Cell>>;
type SetName = 'Agents' | 'Cases' | 'Messages';
type Data = Readonly<Record<SetName, readonly Row[]>>;

const control = Array.from({ length: 31 }, (_, index) => String.fromCharCode(index + 1));
const text = fc.option(
  fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...control, ...'aN"\\[Zé😀\u007f'), maxLength: 8 }) },
    { weight: 1, arbitrary: fc.string({ unit: anyCharacter, maxLength: 12 }).filter((one) => !one.includes('\0')) },
  ),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 2 });
const quarters = fc.integer({ min: -99, max: 99 }).map((one) => one / 4);
const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((one) => new Date(one * 1000).toISOString());

const agent = fc.record({ Name: text, City: text, LeaderId: maybe(fc.integer({ min: 1, max: 3 })) });
const aCase = fc.record({
  Title: text,
  Priority: maybe(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  Small: maybe(fc.integer({ min: -32768, max: 32767 })),
  Cost: maybe(quarters),
  Score: maybe(fc.oneof(quarters, fc.constantFrom('NaN', 'INF', '-INF'))),
  Open: maybe(fc.boolean()),
  CreatedAt: maybe(seconds.map((one) => one.replace('.000Z', 'Z'))),
  DueOn: maybe(seconds.map((one) => one.slice(0, 10))),
  StartsAt: maybe(seconds.map((one) => one.slice(11, 19))),
  Took: maybe(fc.integer({ min: 1, max: 99 }).map((hours) => `PT${hours}H`)),
  Token: maybe(fc.uuid()),
  Raw: maybe(fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64'))),
  AgentId: maybe(fc.integer({ min: 1, max: 4 })),
});
const message = fc.record({
  Body: text,
  Length: maybe(fc.integer({ min: 0, max: 9 })),
  AgentId: maybe(fc.integer({ min: 1, max: 4 })),
});

const data: fc.Arbitrary<Data> = fc
  .tuple(
    fc.array(agent, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(aCase, fc.array(message, { maxLength: 3 })), { maxLength: 4 }),
  )
  .map(([agents, cases]) => ({
    Agents: agents.map((one, index) => ({ Id: index + 1, ...one })),
    Cases: cases.map(([one], index) => ({ Id: index + 1, ...one })),
    Messages: cases.flatMap(([, messages], index) =>
      messages.map((one, number) => ({ CaseId: index + 1, Number: number + 1, ...one })),
    ),
  }));

interface Level {
  readonly set: SetName;
  /** null: no `$select`. */
  readonly select: { readonly properties: readonly string[]; readonly navigations: readonly string[] } | null;
  readonly expands: readonly Expand[];
}

interface Expand {
  readonly name: string;
  readonly form: '' | '/$ref' | '/$count';
  readonly count: boolean;
  readonly level: Level;
}

/** A selection with exactly `depth` levels of `$expand`, of one or (far from the end) two navigation properties each. */
function levels(set: SetName, depth: number): fc.Arbitrary<Level> {
  const { entityType, navigationPropertyBindings } = setNamed(set);
  const names = [...entityType.navigationProperties.keys()];
  const select = fc
    .record({ properties: fc.subarray([...entityType.properties.keys()]), navigations: fc.subarray(names) })
    .map((one) =>
      one.properties.length + one.navigations.length > 0 ? one : { ...one, navigations: [names[0] ?? ''] },
    );
  const expand = (name: string): fc.Arbitrary<Expand> => {
    const collection = entityType.navigationProperties.get(name)?.collection === true;
    const leaf =
      depth === 1 ? (['', '/$ref', ...(collection ? (['/$count'] as const) : [])] as const) : ([''] as const);
    return fc.record({
      name: fc.constant(name),
      form: fc.constantFrom<Expand['form']>(...leaf),
      count: collection ? fc.boolean() : fc.constant(false),
      level: levels(navigationPropertyBindings.get(name) as SetName, depth - 1),
    });
  };
  const chosen = fc.shuffledSubarray(names, { minLength: 1, maxLength: depth > 4 || depth === 1 ? 2 : 1 });
  const expands = depth === 0 ? fc.constant([]) : chosen.chain((list) => fc.tuple(...list.map(expand)));
  return fc.record({ set: fc.constant(set), select: fc.option(select, { freq: 1 }), expands });
}

function options({ select, expands }: Level): string[] {
  const nested = expands.map(({ name, form, count, level }) => {
    const inner = form === '' ? [...options(level), ...(count ? ['$count=true'] : [])].join(';') : '';
    return `${name}${form}${inner === '' ? '' : `(${inner})`}`;
  });
  return [
    ...(select === null ? [] : [`$select=${[...select.properties, ...select.navigations].join(',')}`]),
    ...(nested.length === 0 ? [] : [`$expand=${nested.join(',')}`]),
  ];
}

/** The JSON that a row is, made from the rows themselves. */
class Expected {
  readonly #data: Data;
  readonly #format: JsonFormat;

  constructor(rows: Data, format: JsonFormat) {
    this.#data = rows;
    this.#format = format;
  }

  row(row: Row, level: Level): object {
    const { entityType } = setNamed(level.set);
    const expanded = level.expands.map(({ name }) => name);
    const linked = level.select === null ? null : [...level.select.navigations, ...expanded];
    const links = [...entityType.navigationProperties.keys()].filter((name) => linked?.includes(name) ?? true);
    const json: Record<string, unknown> = this.#control(row, level.set);
    const link = (name: string): void => {
      if (this.#format.metadata !== 'full') {
        return;
      }
      json[`${name}@odata.associationLink`] = `${this.#id(row, level.set)}/${name}/$ref`;
      json[`${name}@odata.navigationLink`] = `${this.#id(row, level.set)}/${name}`;
    };
    links.filter((name) => !expanded.includes(name)).forEach(link);
    for (const { name, type } of entityType.properties.values()) {
      const value = row[name] ?? null;
      if (level.select?.properties.includes(name) === false || (value === null && this.#format.omitNulls)) {
        continue;
      }
      const special = type === 'Edm.Double' && typeof value === 'string';
      const known = ['Edm.String', 'Edm.Boolean', 'Edm.Double'].includes(type) && !special;
      if (this.#format.metadata === 'full' && !known) {
        json[`${name}@odata.type`] = `#${type.slice(4)}`;
      }
      json[name] = value;
    }
    for (const expand of level.expands) {
      link(expand.name);
      this.#expanded(row, level.set, { expand, json });
    }
    return json;
  }

  #expanded(row: Row, set: SetName, { expand, json }: { expand: Expand; json: Record<string, unknown> }): void {
    const { name, form, level } = expand;
    const navigation = setNamed(set).entityType.navigationProperties.get(name);
    assert.ok(navigation !== undefined);
    const found = this.#data[level.set].filter((one) =>
      navigation.join.every(
        (pair) => row[pair.property] !== null && row[pair.property] === one[pair.referencedProperty],
      ),
    );
    const rows = found.map((one) => (form === '/$ref' ? this.#reference(one, level.set) : this.row(one, level)));
    if (form === '/$count' || (expand.count && form === '')) {
      json[`${name}@odata.count`] = rows.length;
    }
    if (form === '/$count') {
      return;
    }
    if (navigation.collection) {
      json[name] = rows;
    } else if (rows.length > 0 || !this.#format.omitNulls) {
      json[name] = rows[0] ?? null;
    }
  }

  #id(row: Row, set: SetName): string {
    const key = set === 'Messages' ? `CaseId=${row['CaseId']},Number=${row['Number']}` : row['Id'];
    return `${this.#format.root}${set}(${key})`;
  }

  #reference(row: Row, set: SetName): Record<string, unknown> {
    const type = { '@odata.type': `#Feed.${setNamed(set).entityType.name}` };
    return { ...(this.#format.metadata === 'full' ? type : {}), '@odata.id': this.#id(row, set) };
  }

  #control(row: Row, set: SetName): Record<string, unknown> {
    return this.#format.metadata === 'full' ? this.#reference(row, set) : {};
  }
}

describe('http: nested COPY text of a real PostgreSQL to OData JSON', () => {
  let feed: TestFeed;
  before(async () => {
    feed = await openTestFeed('');
  });
  after(() => feed.close());

  async function store(rows: Data): Promise<void> {
    await feed.client.query('TRUNCATE feed."Agents", feed."Cases", feed."Messages" RESTART IDENTITY');
    for (const [set, list] of Object.entries(rows)) {
      for (const row of list) {
        const names = Object.keys(row).map((name) => `"${name}"`);
        const cells = Object.entries(row).map(([name, cell]) => sqlCell(name, cell));
        const places = cells.map((_, index) => `$${index + 1}`);
        await feed.client.query(`INSERT INTO feed."${set}" (${names}) VALUES (${places})`, cells);
      }
    }
  }

  /** Starts from a tiny output, so that every growth is needed. */
  async function written(query: CompiledQuery, format: JsonFormat): Promise<string[]> {
    const copy = feed.client.query(copyStreams.to(`COPY (${query.text}) TO STDOUT`));
    const bytes = Buffer.concat((await copy.toArray()) as Buffer[]);
    const input = new CellInput(bytes);
    const writer = rowWriter(query.shape, format, query.control ?? null);
    const rows: string[] = [];
    for (let start = 0; start < bytes.length; ) {
      const end = bytes.indexOf(0x0a, start);
      const output = new ByteOutput(1);
      writer.row(input, { start, end }, output);
      rows.push(output.bytes.toString('utf8', 0, output.position));
      start = end + 1;
    }
    return rows;
  }

  const request = fc
    .tuple(
      fc.constantFrom<SetName>('Agents', 'Cases', 'Messages'),
      fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(defaultPlanLimits.expandDepth)),
    )
    .chain(([set, depth]) => levels(set, depth));
  const formats = fc.record({ metadata: fc.constantFrom('minimal', 'full'), omitNulls: fc.boolean() });

  it('is the JSON of the rows, byte for byte, down to the deepest $expand', async () => {
    const check = async (rows: Data, level: Level, chosen: Pick<JsonFormat, 'metadata' | 'omitNulls'>) => {
      await store(rows);
      const root = 'https://feed.example/odata/';
      const format: JsonFormat = { ...chosen, ieee754Compatible: false, root, namespace: 'Feed' };
      const plan = planOf(`${level.set}?${options(level).join('&')}`);
      assert.ok(plan.kind === 'Collection');
      const query = compileCollection(plan, catalogue, { controls: format.metadata === 'full' });
      const expected = new Expected(rows, format);
      assert.deepEqual(
        await written(query, format),
        rows[level.set].map((row) => JSON.stringify(expected.row(row, level))),
      );
    };
    await fc.assert(fc.asyncProperty(data, request, formats, check), { numRuns: runs(50) });
  });

  it('a collection in a nested row whose first cell is null is a collection of rows, not none', async () => {
    await feed.client.query(`TRUNCATE feed."Agents", feed."Cases", feed."Messages" RESTART IDENTITY;
      INSERT INTO feed."Agents" ("Id", "Name") VALUES (1, NULL), (2, 'b');
      INSERT INTO feed."Cases" ("Id", "AgentId", "Title") VALUES (1, 1, NULL), (2, 1, 't'), (3, NULL, NULL);
      INSERT INTO feed."Messages" ("CaseId", "Number", "Body", "Length") VALUES (1, 1, NULL, NULL), (1, 2, 'x', NULL), (2, 1, NULL, 7)`);
    const one = [{ Body: null }, { Body: 'x' }];
    const cases = [
      { Title: null, Messages: one },
      { Title: 't', Messages: [{ Body: null }] },
    ];
    const lengths = [[{ Length: null }, { Length: null }], [{ Length: 7 }]];
    const queries: readonly (readonly [url: string, rows: readonly unknown[]])[] = [
      [
        'Agents?$select=Id&$expand=Cases($select=Title;$expand=Messages($select=Body))',
        [
          { Id: 1, Cases: cases },
          { Id: 2, Cases: [] },
        ],
      ],
      [
        'Agents?$select=Name&$expand=Cases($select=Title;$expand=Agent($select=Name;$expand=Cases($select=Title)))',
        [
          {
            Name: null,
            Cases: cases.map(({ Title }) => ({
              Title,
              Agent: { Name: null, Cases: [{ Title: null }, { Title: 't' }] },
            })),
          },
          { Name: 'b', Cases: [] },
        ],
      ],
      [
        'Cases?$select=Id&$expand=Agent($select=Name;$expand=Cases($select=AgentId;$expand=Messages($select=Length)))',
        [
          { Id: 1, Agent: { Name: null, Cases: lengths.map((Messages) => ({ AgentId: 1, Messages })) } },
          { Id: 2, Agent: { Name: null, Cases: lengths.map((Messages) => ({ AgentId: 1, Messages })) } },
          { Id: 3, Agent: null },
        ],
      ],
    ];
    const format: JsonFormat = {
      metadata: 'none',
      omitNulls: false,
      ieee754Compatible: false,
      root: 'https://feed.example/odata/',
      namespace: 'Feed',
    };
    for (const [url, rows] of queries) {
      const plan = planOf(url);
      assert.ok(plan.kind === 'Collection');
      const found = await written(compileCollection(plan, catalogue), format);
      assert.deepEqual(
        found.map((row) => JSON.parse(row) as unknown),
        rows,
        url,
      );
    }
  });
});

/** As PostgreSQL reads it. */
function sqlCell(name: string, cell: Cell): unknown {
  if (name === 'Raw' && typeof cell === 'string') {
    return Buffer.from(cell, 'base64');
  }
  if (name === 'Score' && typeof cell === 'string') {
    return cell.replace('INF', 'Infinity');
  }
  return cell;
}
