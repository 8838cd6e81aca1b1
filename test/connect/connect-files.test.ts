import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { mIdentifier, mText, setQuery, sheetColumns, sheetQuery } from '../../src/connect/m-text.ts';
import { odcFile } from '../../src/connect/odc.ts';
import { pbidsFile } from '../../src/connect/pbids.ts';
import { excelWorkbook } from '../../src/connect/workbook/excel-workbook.ts';
import { columnLetters, sheetName, tableName } from '../../src/connect/workbook/sheet-names.ts';
import type { EntitySet } from '../../src/edm/model.ts';
import { primitiveTypes } from '../../src/edm/primitive-types.ts';
import { all, decodeMashup, type Node, readXml, unzip } from './decoded-workbook.ts';
import { entitySet, property } from './entity-sets.ts';
import { openXmlFaults, validatorMissing } from './open-xml.ts';
import { mFault } from './parsed-m.ts';

const root = 'https://feed.example:8443/a path/odata/';
const at = new Date('2026-11-30T01:02:03.456Z');

const everyType = [
  ...[...primitiveTypes.keys()].map((type) => property(type.slice('Edm.'.length), type)),
  property('Tags', 'Edm.String', true),
  property('string', 'Edm.String'),
];
const sets = [
  entitySet('Cases', everyType, 'Cases & "more" <now>'),
  entitySet('History', [property('Id', 'Edm.Int32')]),
  entitySet('AB12', [property('Größe', 'Edm.Decimal'), property('if', 'Edm.String')]),
  entitySet(`Long${'x'.repeat(40)}`, [property('Id', 'Edm.Int64')]),
  entitySet(`Long${'x'.repeat(40)}y`, [property('Id', 'Edm.Int64')]),
];

describe('connect files: M', () => {
  it('any text is one literal', () =>
    fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.oneof(fc.constantFrom('"', '#', '(', ')', '\n', '\r', '\t', ']]>', 'é'), fc.string()) }),
        async (text) => {
          assert.equal(await mFault(mText(text)), null, mText(text));
          assert.equal(await mFault(`[${mIdentifier(text)} = 1]`), null);
        },
      ),
      { numRuns: 200 },
    ));

  it('the parser sees what is wrong', async () => {
    assert.notEqual(await mFault('let a = 1, in a'), null);
    assert.notEqual(await mFault('section Section1; shared A = 1'), null);
    assert.equal(await mFault('"#(cr,lf)#(00E9)#(#)"'), null);
    assert.equal(await mFault('"#(004)"'), 'There is no escape #(004)');
  });

  it('a query of the rows as they are', () =>
    assert.equal(
      setQuery('http://localhost:8080/odata/', sets[0] as EntitySet).text,
      `let
    Source = OData.Feed("http://localhost:8080/odata/", null, [Implementation = "2.0", ODataVersion = 4, OmitValues = ODataOmitValues.Nulls]),
    Navigation = Source{[Name = "Cases", Signature = "table"]}[Data]
in
    Navigation`,
    ));

  it('a query for a sheet: own properties, in forms that cells have, under names that differ', async () => {
    const [, , third, fourth] = sheetQuery(root, sets[0] as EntitySet).steps;
    assert.match(
      third?.expression ?? '',
      /^Table\.SelectColumns\(Navigation, \{"Binary", "Boolean", .*"Tags", "string"\}\)$/,
    );
    assert.match(
      fourth?.expression ?? '',
      /\{"DateTimeOffset", each DateTimeZone\.RemoveZone\(DateTimeZone\.ToUtc\(_\)\), type nullable datetime\}/,
    );
    assert.match(
      fourth?.expression ?? '',
      /\{"Tags", each Text\.FromBinary\(Json\.FromValue\(_\)\), type nullable text\}/,
    );
    assert.equal(
      sheetQuery(root, sets[0] as EntitySet).steps.at(-1)?.expression,
      'Table.RenameColumns(Cells, {{"string", "string_2"}})',
    );
    for (const set of sets) {
      assert.equal(await mFault(sheetQuery(root, set).text), null);
      assert.equal(await mFault(setQuery(root, set).text), null);
    }
  });
});

describe('connect files: Power BI', () => {
  it('a .pbids with the mode Import, and nothing to sign in with', () =>
    assert.deepEqual(JSON.parse(pbidsFile(root)), {
      version: '0.1',
      connections: [{ details: { protocol: 'odata', address: { url: root } }, options: {}, mode: 'Import' }],
    }));
});

describe('connect files: .odc', () => {
  for (const set of sets) {
    it(set.name, async () => {
      const text = odcFile(root, set);
      assert.ok(!/[^\r]\n/.test(text) && !/\r[^\n]/.test(text), 'lines end with CRLF');
      const [, xml = ''] = /<xml id=msodc>([\s\S]*)<\/xml>\r\n<\/head>/.exec(text) ?? [];
      const connection = readXml(xml);
      const [, name] = /Location=(\S+?);/.exec(all(connection, 'odc:ConnectionString')[0]?.text ?? '') ?? [];
      assert.equal(name, set.name);
      assert.equal(all(connection, 'odc:CommandText')[0]?.text, `SELECT * FROM [${set.name}]`);
      const mashup = readXml(all(connection, 'odc:PowerQueryMashupData')[0]?.text ?? '');
      assert.deepEqual(
        mashup.children.map((child) => child.name),
        ['Client', 'Version', 'MinVersion', 'Culture', 'SafeCombine', 'Items'],
      );
      const [query] = all(mashup, 'Query');
      assert.equal(query?.attributes['Name'], set.name);
      const formula = query?.children[0]?.text ?? '';
      // Line ends of a document are read as line feeds (XML 1.0, 2.11).
      assert.equal(formula, sheetQuery(root, set).text);
      assert.ok(text.includes('let&#13;&#10;'));
      assert.equal(await mFault(formula), null);
    });
  }

  it('M that ends a CDATA section does not end it', () => {
    const text = odcFile('http://x/]]>/odata/', sets[1] as EntitySet);
    const [, xml = ''] = /<xml id=msodc>([\s\S]*)<\/xml>\r\n<\/head>/.exec(text) ?? [];
    const mashup = readXml(all(readXml(xml), 'odc:PowerQueryMashupData')[0]?.text ?? '');
    assert.match(all(mashup, 'Formula')[0]?.text ?? '', /OData\.Feed\("http:\/\/x\/\]\]>\/odata\/"/);
  });
});

describe('connect files: the workbook', () => {
  let bytes: Buffer;
  let parts: ReadonlyMap<string, Buffer>;
  const xml = (name: string): Node => {
    const part = parts.get(name);
    assert.ok(part !== undefined, name);
    return readXml(part.toString('utf8'));
  };
  before(async () => {
    bytes = await excelWorkbook({ root, sets, at });
    parts = await unzip(bytes);
  });

  it('is the same whenever it is made', async () => assert.ok((await excelWorkbook({ root, sets, at })).equals(bytes)));

  it('has a type for each part, and a part for each relation', () => {
    const names = [...parts.keys()];
    assert.equal(names[0], '[Content_Types].xml');
    assert.ok(names.every((name) => !name.endsWith('/')));
    const types = xml('[Content_Types].xml');
    const overrides = all(types, 'Override').map(({ attributes }) => attributes['PartName']);
    assert.deepEqual(
      overrides.filter((name) => !parts.has((name ?? '').slice(1))),
      [],
    );
    assert.ok(!overrides.includes('/customXml/item1.xml'));
    for (const name of names.filter((one) => one.endsWith('.rels'))) {
      const folder = path.posix.dirname(path.posix.dirname(name));
      for (const { attributes } of all(xml(name), 'Relationship')) {
        const target = path.posix.normalize(path.posix.join(folder, attributes['Target'] ?? ''));
        assert.ok(parts.has(target), `${name}: ${target}`);
      }
    }
  });

  it('each query has a connection, a query table, a table and a sheet, with the same columns', () => {
    const connections = all(xml('xl/connections.xml'), 'connection');
    const sheets = all(xml('xl/workbook.xml'), 'sheet').map(({ attributes }) => attributes['name'] ?? '');
    const ranges = all(xml('xl/workbook.xml'), 'definedName');
    assert.equal(new Set(sheets.map((name) => name.toLowerCase())).size, sets.length);
    for (const [index, set] of sets.entries()) {
      const number = index + 1;
      const [connection, sheet, table, queryTable] = [
        connections[index],
        xml(`xl/worksheets/sheet${number}.xml`),
        xml(`xl/tables/table${number}.xml`),
        xml(`xl/queryTables/queryTable${number}.xml`),
      ];
      const names = sheetColumns(set).map(({ name }) => name);
      assert.equal(connection?.attributes['id'], String(number));
      assert.equal(connection.attributes['refreshOnLoad'], '1');
      assert.match(connection.children[0]?.attributes['connection'] ?? '', new RegExp(`Location=${set.name};`));
      assert.deepEqual(
        all(sheet, 't').map(({ text }) => text),
        names,
      );
      assert.deepEqual(
        all(table, 'tableColumn').map(({ attributes }) => attributes['name']),
        names,
      );
      assert.deepEqual(
        all(queryTable, 'queryTableField').map(({ attributes }) => attributes['name']),
        names,
      );
      assert.equal(queryTable.attributes['connectionId'], String(number));
      assert.equal(all(queryTable, 'queryTableRefresh')[0]?.attributes['nextId'], String(names.length + 1));
      const last = columnLetters(names.length);
      assert.equal(table.attributes['ref'], `A1:${last}2`);
      assert.equal(ranges[index]?.text, `'${sheets[index]}'!$A$1:$${last}$2`);
      assert.equal(ranges[index]?.attributes['localSheetId'], String(index));
    }
  });

  it('its mashup, decoded, is what Excel writes: frame, package, permissions, metadata', async () => {
    const item = parts.get('customXml/item1.xml') ?? Buffer.alloc(0);
    assert.deepEqual([item[0], item[1]], [0xff, 0xfe]);
    const document = readXml(item.toString('utf16le'));
    assert.equal(document.attributes['xmlns'], 'http://schemas.microsoft.com/DataMashup');
    const mashup = await decodeMashup(Buffer.from(document.text, 'base64'));
    assert.deepEqual([...mashup.parts.keys()], ['Config/Package.xml', '[Content_Types].xml', 'Formulas/Section1.m']);
    assert.equal(mashup.permissions.length, 272);
    assert.deepEqual([...mashup.bindings], [0]);
    assert.equal(mashup.content.length, 22);
    const section = mashup.parts.get('Formulas/Section1.m')?.toString('utf8') ?? '';
    assert.ok(section.startsWith('section Section1;\r\n\r\nshared Cases = let\r\n'));
    assert.equal(await mFault(section), null);
    const metadata = readXml(mashup.metadata);
    const items = all(metadata, 'Item').map((one) => ({
      path: all(one, 'ItemPath')[0]?.text ?? '',
      entries: new Map(all(one, 'Entry').map(({ attributes }) => [attributes['Type'], attributes['Value']])),
    }));
    const tables = [];
    for (const set of sets) {
      const own = items.find(({ path: found }) => found === `Section1/${set.name}`);
      assert.equal(own?.entries.get('FillObjectType'), 'sTable');
      assert.deepEqual(
        JSON.parse(own.entries.get('FillColumnNames')?.slice(1) ?? ''),
        sheetColumns(set).map(({ name }) => name),
      );
      const types = Buffer.from(own.entries.get('FillColumnTypes')?.slice(1) ?? '', 'base64');
      assert.equal(types.length, set.entityType.properties.size);
      tables.push(own.entries.get('FillTarget')?.slice(1));
      assert.ok(items.some(({ path: found }) => found === `Section1/${set.name}/Source`));
    }
    assert.deepEqual(
      tables,
      sets.map((_, index) => xml(`xl/tables/table${index + 1}.xml`).attributes['name']),
    );
  });

  it('names are ones that Excel takes', () => {
    assert.equal(sheetName('History', new Set()), 'History_');
    assert.equal(sheetName('x'.repeat(40), new Set(['x'.repeat(31)])), `${'x'.repeat(29)}_2`);
    assert.deepEqual(
      ['AB12', 'R1C1', 'r', 'Cases', '1st'].map((name) => tableName(name, new Set())),
      ['_AB12', '_R1C1', '_r', 'Cases', '_1st'],
    );
    assert.deepEqual([1, 26, 27, 52, 703].map(columnLetters), ['A', 'Z', 'AA', 'AZ', 'AAA']);
  });

  it("Microsoft's validator finds nothing wrong with it", function () {
    if (validatorMissing() !== null) {
      this.skip();
    }
    const folder = mkdtempSync(path.join(os.tmpdir(), 'workbook-'));
    try {
      const file = path.join(folder, 'excel.xlsx');
      writeFileSync(file, bytes);
      assert.deepEqual(openXmlFaults(file), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
