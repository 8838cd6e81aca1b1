import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { distinctName } from '../../src/ingest/stored/distinct-name.ts';
import { useFeed } from './support/feed.ts';
import { shopFiles } from './support/shop.ts';

/** Names that PostgreSQL still takes whole, and that differ in their last character. */
const start = `Of${'x'.repeat(56)}`;
const names = [`${start}A`, `${start}B`] as const;
/** Longest names of columns; `_has_` in front of them is too long. */
const column = 'y'.repeat(60);

const said = { type: 'String', personalData: 'none', description: 'Of the test.', example: 'a' };

function catalogueOfLongNames() {
  const orders = shopFiles({
    properties: { Buyer: {}, Seller: {}, [`${column}1`]: {}, [`${column}2`]: {} },
  });
  const dimensions = names.map((set, index) => ({
    file: `acme/dimension-${index}.yaml`,
    text: JSON.stringify({
      set,
      title: set,
      description: 'Of the test.',
      key: ['Name'],
      properties: { Name: said, [`${column}1`]: said, [`${column}2`]: said },
      dimension: [
        {
          set: 'Orders',
          columns: {
            Name: index === 0 ? 'Buyer' : 'Seller',
            [`${column}1`]: `${column}1`,
            [`${column}2`]: `${column}2`,
          },
          rank: 1,
          follows: true,
        },
      ],
    }),
  }));
  const { catalogue, faults } = buildCatalogue([...orders, ...dimensions], {});
  deepEqual(faults.map(faultText), []);
  ok(catalogue !== null);
  return catalogue;
}

describe('Two sets whose long names begin alike', () => {
  const feed = useFeed(catalogueOfLongNames());

  it('are derived from one set, each from its own column', async () => {
    const header = `OrderId,Buyer,Seller,${column}1,${column}2`;
    const load = (name: string, ...rows: readonly string[]) => feed().load(name, `${[header, ...rows].join('\n')}\n`);
    await load('orders-1750000000.csv', '1,ann,sue,a,', '2,bob,tom,,c');
    await load('orders-1750000100.csv', '1,ann,sue,a,d', '2,bob,tim,b,');
    const things = async (set: string) =>
      (
        await feed().rows<{ v: unknown[] }>(
          `SELECT ARRAY["Name", "${column}1", "${column}2"] AS v FROM feed."Acme${set}" ORDER BY 1`,
        )
      ).map(({ v }) => v);
    deepEqual(await things(names[0]), [
      ['ann', 'a', 'd'],
      ['bob', 'b', null],
    ]);
    deepEqual(await things(names[1]), [
      ['sue', 'a', 'd'],
      ['tim', 'b', null],
    ]);
  });
});

describe('A name made of another one', () => {
  it('stays as it is where it is short, and stays apart from others where it is not', () => {
    equal(distinctName('made_', 'Orders'), 'made_Orders');
    const [a, b] = names.map((name) => distinctName('made_', `Acme${name}`));
    notEqual(a, b);
    for (const name of [a, b, distinctName('made_', 'é'.repeat(40)), distinctName('made_', '😀'.repeat(30))]) {
      ok(Buffer.byteLength(name ?? '') <= 63, name);
      equal(name, Buffer.from(name ?? '').toString());
    }
  });
});
