import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../src/catalogue/compile/documents/fault.ts';
import { unifiedFaults } from '../../src/unify/bind-unified.ts';

const unified = `
set: Things
title: Things
description: Things.
key: [ThingKey]
properties:
  ThingKey: { type: String, personalData: none, description: Key., example: "acme:1" }
  Source: { type: String, personalData: none, description: Source., example: acme }
  Name: { type: String, personalData: none, description: Name., example: A }
  Size: { type: Int32, personalData: none, description: Size., example: "1" }
  MadeAt: { type: DateTimeOffset, personalData: none, description: Made., example: "2026-01-01T00:00:00Z" }
  OwnerKey: { type: String, sourceKey: true, personalData: none, description: Owner., example: "acme:1" }
  Day: { type: Date, local: { of: MadeAt, part: date }, personalData: none, description: Day., example: "2026-01-01" }
`;
const source = (kind: string, prefix: string): string =>
  `title: T\nkind: ${kind}\nprefix: "${prefix}"\ndescription: D.\n`;

/** What is wrong with what an export says of its rows for unified sets. */
function faultsOf(unify: string): readonly string[] {
  const { catalogue, faults } = buildCatalogue(
    [
      { file: 'unified/source.yaml', text: source('unified', '') },
      { file: 'unified/things.yaml', text: unified },
      { file: 'acme/source.yaml', text: source('files', 'Acme') },
      {
        file: 'acme/orders.yaml',
        text: `set: Orders
title: Orders
description: Orders.
files: [{ name: orders }]
key: [OrderId]
write: { mode: upsert }
properties:
  OrderId: { type: Int64, personalData: none, description: Id., example: "1" }
  Label: { type: String, personalData: none, description: Label., example: A }
  Amount: { type: Decimal, personalData: none, description: Amount., example: "1.5" }
  PaidAt: { type: DateTimeOffset, personalData: none, description: Paid., example: "2026-01-01T00:00:00Z" }
unify:
${unify}`,
      },
    ],
    {},
  );
  return catalogue === null ? faults.map(faultText) : unifiedFaults(catalogue);
}

const things = (columns: string): string => `  Things:\n    id: OrderId\n    columns: ${columns}\n`;

describe('what an export says of its rows for sets over all sources', () => {
  it('is taken where every expression has the type of its property', () => {
    assert.deepEqual(faultsOf(things(`{ Name: "tolower(Label)", Size: length(Label) }`)), []);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      `${things('{ Name: Label }')}    local: { Day: { of: Amount, part: date } }\n`,
      /unify\.Things\.local\.Day\.of.*Amount is no property of type DateTimeOffset/,
    ],
    [
      `${things('{ Name: Label }')}    days: { from: PaidAt, lasts: Label, as: Day }\n`,
      /unify\.Things\.days\.lasts.*Label is no number of seconds/,
    ],
    [
      `${things('{ Name: Label }')}    days: { from: PaidAt, lasts: Amount, as: Label }\n`,
      /unify\.Things\.days.*There is a property Label already/,
    ],
    [`${things('{ Name: Label }')}    days: { from: PaidAt, as: Day }\n`, /either "to" or "lasts"/],
    [
      `${things('{ Size: Day }')}    local: { Day: { of: PaidAt, part: date } }\n`,
      /unify\.Things\.columns\.Size: This is Edm\.Date, and Edm\.Int32 is wanted/,
    ],
    [
      things('{ Name: Amount }'),
      /acme\/orders\.yaml:15 unify\.Things\.columns\.Name: This is Edm\.Decimal, and Edm\.String is wanted\. "Amount"/,
    ],
    [
      things('{ Size: OrderId }'),
      /This is Edm\.Int64, and Edm\.Int32 is wanted\. Give the columns that it is made of the type Int32\. "OrderId"/,
    ],
    [things('{ Name: Lable }'), /Name: .*'Lable'/],
    [things(`{ Name: "concat(Label" }`), /columns\.Name: /],
    [things('{ Size: length(Label) div OrderId }'), /Only a number that is not 0 can be divided by, written out\./],
    [things('{ Size: "cast(Label,Edm.Int32)" }'), /is not supported\./],
    [things('{ MadeAt: now() }'), /now\(\) changes without a load/],
    [
      things('{ Day: null }'),
      /acme\/orders\.yaml:15 unify\.Things\.columns\.Day: Day is given by the gateway\. Remove it\./,
    ],
    [things('{ Colour: Label }'), /Things has no property Colour\. Name one that its file declares\./],
    [things('{ Name: { first: Label, by: OrderId } }'), /Aggregates need "grouped: true" or "gather"\./],
    [
      '  Parcels:\n    id: OrderId\n    columns: {}\n',
      /unify\.Parcels: There is no unified set Parcels\. Use one of: Things\./,
    ],
    ['  Things:\n    id: Number\n    columns: {}\n', /unify\.Things\.id.*There is no property Number\./],
    [
      '  Things:\n    id: Label\n    grouped: true\n    columns: { Name: "concat(Label,\'!\')", Size: length(Label), MadeAt: null }\n    where: Amount\n',
      /This is Edm\.Decimal, and Edm\.Boolean is wanted\./,
    ],
    [
      '  Things:\n    id: OrderId\n    grouped: true\n    columns: { OwnerKey: { last: Label, by: PaidAt } }\n',
      /OwnerKey is a key, which is made of an id that all rows have in common: name a part of the id\./,
    ],
    [
      '  Things:\n    id: OrderId\n    grouped: true\n    columns: { Name: Label }\n',
      /Label is no part of the id, so rows may differ in it: aggregate it\./,
    ],
  ];
  for (const [unify, expected] of wrong) {
    it(`is refused: ${unify.trim().replaceAll(/\s+/g, ' ')}`, () => {
      const faults = faultsOf(unify);
      assert.equal(faults.length, 1, faults.join('\n'));
      assert.match(faults[0] ?? '', expected);
    });
  }
});
