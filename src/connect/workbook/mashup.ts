import { escapeXml } from '../../edm/xml-text.ts';
import { type MQuery, mIdentifier } from '../m-text.ts';
import { engine } from '../query-connection.ts';
import { zipFile } from '../zip-file.ts';

/** A query that loads to a table of a sheet. */
export interface LoadedQuery {
  readonly name: string;
  readonly query: MQuery;
  /** Name of the table. */
  readonly table: string;
  readonly columns: readonly LoadedColumn[];
  /** A GUID of its own. */
  readonly id: string;
}

export interface LoadedColumn {
  readonly name: string;
  readonly type: CellType;
}

/** What Power Query notes of a column's type, one byte each. */
export type CellType = keyof typeof typeBytes;
const typeBytes = { any: 0, logical: 1, int32: 2, int64: 3, number: 5, text: 6, datetime: 7, date: 9 } as const;

const byteOrderMark = '\ufeff';
const declaration = '<?xml version="1.0" encoding="utf-8"?>';
const namespaces = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

/**
 * The queries of a workbook as its DataMashup has them ([MS-QDEFF] 2.2): version, package, permissions, metadata, permission
 * bindings, each with its length. The bindings are encrypted for a Windows account and so nobody's: readers that
 * find none that fit take the default permissions, which are those that stand here ([MS-QDEFF] 2.6). `at`: the moment
 * that is told as that of the last load.
 */
export async function mashup(queries: readonly LoadedQuery[], at: Date): Promise<Buffer> {
  const metadata = Buffer.from(`${byteOrderMark}${metadataText(queries, at)}`);
  return Buffer.concat([
    number(0),
    withLength(await packageParts(queries)),
    withLength(Buffer.from(`${byteOrderMark}${permissions}`)),
    withLength(Buffer.concat([number(0), withLength(metadata), withLength(emptyZip)])),
    withLength(Buffer.from([0])),
  ]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const withLength = (bytes: Buffer): Buffer => Buffer.concat([number(bytes.length), bytes]);

/** The end record of a ZIP file that has nothing in it. */
const emptyZip = Buffer.concat([Buffer.from('PK\u0005\u0006', 'latin1'), Buffer.alloc(18)]);

const permissions = `${declaration}<PermissionList ${namespaces}><CanEvaluateFuturePackages>false</CanEvaluateFuturePackages><FirewallEnabled>true</FirewallEnabled></PermissionList>`;

const packageParts = (queries: readonly LoadedQuery[]): Promise<Buffer> =>
  zipFile([
    {
      name: 'Config/Package.xml',
      content: `${byteOrderMark}${declaration}<Package ${namespaces}><Version>${engine.version}</Version><MinVersion>${engine.minVersion}</MinVersion><Culture>${engine.culture}</Culture></Package>`,
    },
    {
      name: '[Content_Types].xml',
      content: `${byteOrderMark}${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="text/xml" /><Default Extension="m" ContentType="application/x-ms-m" /></Types>`,
    },
    { name: 'Formulas/Section1.m', content: section(queries) },
  ]);

function section(queries: readonly LoadedQuery[]): string {
  const members = queries.map(({ name, query }) => `shared ${mIdentifier(name)} = ${query.text};\n`);
  return `section Section1;\n\n${members.join('\n')}`.replaceAll('\n', '\r\n');
}

function metadataText(queries: readonly LoadedQuery[], at: Date): string {
  const items = [
    item('AllFormulas', '', []),
    ...queries.flatMap((one) => {
      const path = `Section1/${encodeURIComponent(one.name)}`;
      const steps = one.query.steps.map(({ name }) => item('Formula', `${path}/${encodeURIComponent(name)}`, []));
      return [item('Formula', path, entriesOf(one, at)), ...steps];
    }),
  ];
  return `${declaration}<LocalPackageMetadataFile ${namespaces}><Items>${items.join('')}</Items></LocalPackageMetadataFile>`;
}

type Entry = readonly [type: string, value: string];

function item(type: string, path: string, entries: readonly Entry[]): string {
  const texts = entries.map(([name, value]) => `<Entry Type="${name}" Value="${escapeXml(value)}" />`);
  const stable = texts.length === 0 ? '<StableEntries />' : `<StableEntries>${texts.join('')}</StableEntries>`;
  const at = path === '' ? '<ItemPath />' : `<ItemPath>${escapeXml(path)}</ItemPath>`;
  return `<Item><ItemLocation><ItemType>${type}</ItemType>${at}</ItemLocation>${stable}</Item>`;
}

/** A value begins with the letter of its type: `l` a number, `s` a text, `d` a moment. */
function entriesOf({ name, table, columns, id }: LoadedQuery, at: Date): readonly Entry[] {
  const names = columns.map((column) => column.name);
  const types = Buffer.from(columns.map(({ type }) => typeBytes[type])).toString('base64');
  return [
    ['IsPrivate', 'l0'],
    ['FillEnabled', 'l1'],
    ['FillObjectType', 'sTable'],
    ['FillToDataModelEnabled', 'l0'],
    ['FillTarget', `s${table}`],
    ['FilledCompleteResultToWorksheet', 'l1'],
    ['AddedToDataModel', 'l0'],
    ['FillCount', 'l0'],
    ['FillErrorCode', 'sUnknown'],
    ['FillErrorCount', 'l0'],
    ['FillLastUpdated', `d${at.toISOString().replace('Z', '0000Z')}`],
    ['FillColumnTypes', `s${types}`],
    ['FillColumnNames', `s${JSON.stringify(names)}`],
    ['FillStatus', 'sComplete'],
    ['RelationshipInfoContainer', `s${JSON.stringify(relationships(name, names))}`],
    ['BufferNextRefresh', 'l1'],
    ['ResultType', 'sTable'],
    ['NameUpdatedAfterFill', 'l0'],
    ['NavigationStepName', 'sNavigation'],
    ['QueryID', `s${id}`],
  ];
}

function relationships(query: string, names: readonly string[]): object {
  const identities = names.map((name, index) => `Section1/${query}/AutoRemovedColumns1.{${name},${index}}`);
  return {
    columnCount: names.length,
    keyColumnNames: [],
    queryRelationships: [],
    columnIdentities: identities,
    ColumnCount: names.length,
    KeyColumnNames: [],
    ColumnIdentities: identities,
    RelationshipInfo: [],
  };
}
