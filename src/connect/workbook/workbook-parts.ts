import { element, escapeXml, type XmlElement, xmlDocument } from '../../edm/xml-text.ts';
import { connectionString, selectAll } from '../query-connection.ts';
import type { ZipPart } from '../zip-file.ts';
import { columnLetters } from './sheet-names.ts';

/** A sheet with the table that a query fills. */
export interface WorkbookSheet {
  /** Of the query. */
  readonly name: string;
  readonly title: string;
  readonly sheet: string;
  readonly table: string;
  readonly columns: readonly { readonly name: string }[];
  /** Its letters. */
  readonly lastColumn: string;
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006';
const relationshipsOf = 'http://schemas.openxmlformats.org/package/2006/relationships';
const mashupNamespace = 'http://schemas.microsoft.com/DataMashup';
const spreadsheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

type Attributes = XmlElement['attributes'];

const part = (name: string, root: XmlElement): ZipPart => ({ name, content: xmlDocument(root) });
const leaf = (name: string, attributes: Attributes): XmlElement => element(name, attributes, []);

/**
 * All parts of the workbook (ECMA-376). A table belongs to a sheet, a query table to its table, and a connection, found by its number,
 * to the query table; the query is found by its name in the connection.
 */
export function workbookParts(sheets: readonly WorkbookSheet[], mashup: Buffer): readonly ZipPart[] {
  return [
    contentTypes(sheets),
    relationships('_rels/.rels', [{ type: 'officeDocument', target: 'xl/workbook.xml' }]),
    workbook(sheets),
    relationships('xl/_rels/workbook.xml.rels', [
      ...sheets.map((_, index) => ({ type: 'worksheet', target: `worksheets/sheet${index + 1}.xml` })),
      { type: 'styles', target: 'styles.xml' },
      { type: 'connections', target: 'connections.xml' },
      { type: 'customXml', target: '../customXml/item1.xml' },
    ]),
    part('xl/styles.xml', styles),
    connections(sheets),
    ...sheets.flatMap(sheetParts),
    ...mashupParts(mashup),
  ];
}

function contentTypes(sheets: readonly WorkbookSheet[]): ZipPart {
  const override = (name: string, type: string): XmlElement => leaf('Override', { PartName: name, ContentType: type });
  return part(
    '[Content_Types].xml',
    element('Types', { xmlns: 'http://schemas.openxmlformats.org/package/2006/content-types' }, [
      leaf('Default', { Extension: 'rels', ContentType: 'application/vnd.openxmlformats-package.relationships+xml' }),
      leaf('Default', { Extension: 'xml', ContentType: 'application/xml' }),
      override('/xl/workbook.xml', `${spreadsheet}.sheet.main+xml`),
      override('/xl/styles.xml', `${spreadsheet}.styles+xml`),
      override('/xl/connections.xml', `${spreadsheet}.connections+xml`),
      ...sheets.flatMap((_, index) => [
        override(`/xl/worksheets/sheet${index + 1}.xml`, `${spreadsheet}.worksheet+xml`),
        override(`/xl/tables/table${index + 1}.xml`, `${spreadsheet}.table+xml`),
        override(`/xl/queryTables/queryTable${index + 1}.xml`, `${spreadsheet}.queryTable+xml`),
      ]),
      override('/customXml/itemProps1.xml', 'application/vnd.openxmlformats-officedocument.customXmlProperties+xml'),
    ]),
  );
}

interface Relationship {
  /** Last part of its type. */
  readonly type: string;
  readonly target: string;
}

function relationships(name: string, all: readonly Relationship[]): ZipPart {
  const children = all.map(({ type, target }, index) =>
    leaf('Relationship', { Id: `rId${index + 1}`, Type: `${office}/relationships/${type}`, Target: target }),
  );
  return part(name, element('Relationships', { xmlns: relationshipsOf }, children));
}

/** A result without rows has one empty row. */
const range = ({ lastColumn }: WorkbookSheet): string => `A1:${lastColumn}2`;

function workbook(sheets: readonly WorkbookSheet[]): ZipPart {
  const names = sheets.map((sheet, index) =>
    element(
      'definedName',
      { name: 'ExternalData_1', localSheetId: String(index), hidden: '1' },
      [],
      `'${sheet.sheet.replaceAll("'", "''")}'!$A$1:$${sheet.lastColumn}$2`,
    ),
  );
  const listed = sheets.map(({ sheet }, index) =>
    leaf('sheet', { name: sheet, sheetId: String(index + 1), 'r:id': `rId${index + 1}` }),
  );
  return part(
    'xl/workbook.xml',
    element('workbook', { xmlns: main, 'xmlns:r': `${office}/relationships` }, [
      element('bookViews', {}, [leaf('workbookView', {})]),
      element('sheets', {}, listed),
      element('definedNames', {}, names),
    ]),
  );
}

/** One font, the two fills that must be there, one border, one format: what a sheet refers to without saying so. */
const styles = element('styleSheet', { xmlns: main }, [
  element('fonts', { count: '1' }, [
    element('font', {}, [leaf('sz', { val: '11' }), leaf('name', { val: 'Calibri' }), leaf('family', { val: '2' })]),
  ]),
  element('fills', { count: '2' }, [
    element('fill', {}, [leaf('patternFill', { patternType: 'none' })]),
    element('fill', {}, [leaf('patternFill', { patternType: 'gray125' })]),
  ]),
  element('borders', { count: '1' }, [
    element(
      'border',
      {},
      ['left', 'right', 'top', 'bottom', 'diagonal'].map((side) => leaf(side, {})),
    ),
  ]),
  element('cellStyleXfs', { count: '1' }, [leaf('xf', { numFmtId: '0', fontId: '0', fillId: '0', borderId: '0' })]),
  element('cellXfs', { count: '1' }, [
    leaf('xf', { numFmtId: '0', fontId: '0', fillId: '0', borderId: '0', xfId: '0' }),
  ]),
  element('cellStyles', { count: '1' }, [leaf('cellStyle', { name: 'Normal', xfId: '0', builtinId: '0' })]),
]);

/** Each is refreshed when the workbook is opened, one beside the other. */
function connections(sheets: readonly WorkbookSheet[]): ZipPart {
  const all = sheets.map(({ name, title }, index) =>
    element(
      'connection',
      {
        id: String(index + 1),
        keepAlive: '1',
        name: `Query - ${name}`,
        description: `Connection to the query '${name}' of the workbook: ${title}.`,
        type: '5',
        refreshedVersion: '8',
        background: '1',
        refreshOnLoad: '1',
        saveData: '1',
      },
      [leaf('dbPr', { connection: connectionString(name), command: selectAll(name) })],
    ),
  );
  return part('xl/connections.xml', element('connections', { xmlns: main }, all));
}

function sheetParts(sheet: WorkbookSheet, index: number): readonly ZipPart[] {
  const number = index + 1;
  const ref = range(sheet);
  const { columns, table } = sheet;
  const cells = columns.map(({ name }, at) =>
    element('c', { r: `${columnLetters(at + 1)}1`, t: 'inlineStr' }, [element('is', {}, [element('t', {}, [], name)])]),
  );
  const tableColumns = columns.map(({ name }, at) =>
    leaf('tableColumn', { id: String(at + 1), uniqueName: String(at + 1), name, queryTableFieldId: String(at + 1) }),
  );
  const fields = columns.map(({ name }, at) =>
    leaf('queryTableField', { id: String(at + 1), name, tableColumnId: String(at + 1) }),
  );
  const count = String(columns.length);
  return [
    part(
      `xl/worksheets/sheet${number}.xml`,
      element('worksheet', { xmlns: main, 'xmlns:r': `${office}/relationships` }, [
        leaf('dimension', { ref }),
        element('sheetData', {}, [element('row', { r: '1' }, cells)]),
        element('tableParts', { count: '1' }, [leaf('tablePart', { 'r:id': 'rId1' })]),
      ]),
    ),
    relationships(`xl/worksheets/_rels/sheet${number}.xml.rels`, [
      { type: 'table', target: `../tables/table${number}.xml` },
    ]),
    part(
      `xl/tables/table${number}.xml`,
      element(
        'table',
        {
          ...{ xmlns: main, id: String(number), name: table, displayName: table, ref },
          ...{ tableType: 'queryTable', totalsRowShown: '0' },
        },
        [
          leaf('autoFilter', { ref }),
          element('tableColumns', { count }, tableColumns),
          leaf('tableStyleInfo', {
            ...{ name: 'TableStyleMedium7', showFirstColumn: '0', showLastColumn: '0' },
            ...{ showRowStripes: '1', showColumnStripes: '0' },
          }),
        ],
      ),
    ),
    relationships(`xl/tables/_rels/table${number}.xml.rels`, [
      { type: 'queryTable', target: `../queryTables/queryTable${number}.xml` },
    ]),
    part(
      `xl/queryTables/queryTable${number}.xml`,
      element(
        'queryTable',
        {
          ...{ xmlns: main, name: 'ExternalData_1', refreshOnLoad: '1', connectionId: String(number) },
          ...{ autoFormatId: '16', applyNumberFormats: '0', applyBorderFormats: '0', applyFontFormats: '0' },
          ...{ applyPatternFormats: '0', applyAlignmentFormats: '0', applyWidthHeightFormats: '0' },
        },
        [
          element('queryTableRefresh', { nextId: String(columns.length + 1) }, [
            element('queryTableFields', { count }, fields),
          ]),
        ],
      ),
    ),
  ];
}

/** The queries. Excel writes this part in UTF-16, and finds it by its namespace. */
function mashupParts(bytes: Buffer): readonly ZipPart[] {
  const text = `<?xml version="1.0" encoding="utf-16"?><DataMashup xmlns="${mashupNamespace}">${bytes.toString('base64')}</DataMashup>`;
  const custom = `${office}/customXml`;
  const properties = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<ds:datastoreItem ds:itemID="{${itemId}}" xmlns:ds="${custom}"><ds:schemaRefs><ds:schemaRef ds:uri="${escapeXml(mashupNamespace)}"/></ds:schemaRefs></ds:datastoreItem>`;
  return [
    { name: 'customXml/item1.xml', content: Buffer.from(`\ufeff${text}`, 'utf16le') },
    { name: 'customXml/itemProps1.xml', content: properties },
    relationships('customXml/_rels/item1.xml.rels', [{ type: 'customXmlProps', target: 'itemProps1.xml' }]),
  ];
}

/** Tells this part from others of the workbook, of which there are none. */
const itemId = '5B0A3A2E-6B5E-4C1D-9C5F-2F7A4B1D8E60';
