import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ZipFile } from 'yazl';
import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import { buildCatalogue } from '../../src/catalogue/compile/build-catalogue.ts';
import type { MetadataFile } from '../../src/catalogue/compile/documents/parse-document.ts';
import { foldHeader } from '../../src/catalogue/compile/export/fold-header.ts';
import type { GatewayError } from '../../src/errors.ts';
import { converterFor } from '../../src/ingest/convert/converter-for.ts';
import { examineFile } from '../../src/ingest/csv/file-facts.ts';
import { type Draft, draftExport } from '../../src/ingest/draft/draft-export.ts';
import { fileRules } from '../../src/ingest/draft/file-rules.ts';
import { dataRows } from '../../src/ingest/identify/data-rows.ts';
import { identifyFile } from '../../src/ingest/identify/identify-file.ts';
import { periodOf } from '../../src/ingest/identify/period.ts';
import { inspectFile } from '../../src/ingest/load/inspect-file.ts';
import { defaultOrder, writeSamples } from '../../src/samples/write-samples.ts';
import { gatewayCommand } from '../e2e/remedies/command-line.ts';
import { testDatabase } from '../support/postgres.ts';
import { catalogue, csv } from './support/feed.ts';

/** What a value of the environment looks like to metadata. */
const home = ['$', '{HOME}'].join('');

describe('gateway draft', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-draft-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, content: string | Buffer): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  const draftOf = (paths: readonly string[], more: Partial<Parameters<typeof draftExport>[0]> = {}): Promise<Draft> =>
    draftExport({ paths, source: 'acme', name: null, metadata: [], environment: {}, inline: false, ...more });
  const built = ({ documents }: Draft, others: readonly MetadataFile[] = []): Catalogue => {
    const result = buildCatalogue([...others, ...documents], {});
    assert.deepEqual(result.faults, []);
    assert.ok(result.catalogue !== null);
    return result.catalogue;
  };
  const propertiesOf = (of: Catalogue): Readonly<Record<string, string>> => {
    const [set] = [...of.model.entitySets.values()].filter(({ name }) => name.startsWith('Acme'));
    return Object.fromEntries([...(set?.entityType.properties.values() ?? [])].map(({ name, type }) => [name, type]));
  };
  /** Checks, and reads the files as a load would: without `--source`, as the drop folder does. */
  const loads = async (draft: Draft, paths: readonly string[]): Promise<Catalogue> => {
    const of = built(draft);
    for (const file of paths) {
      const { refusal, rows, identified } = await inspectFile(file, of);
      assert.equal(refusal, null, `${file}: ${refusal?.message}`);
      assert.equal(rows.rejected, 0, file);
      assert.deepEqual(identified?.match.missing, []);
      assert.deepEqual(identified?.match.unknown, []);
    }
    return of;
  };

  it('types, encodings, keys and classes, each with its evidence', async () => {
    const file = write(
      'orders-20250616.csv',
      [
        'Order ID;Klant naam;E-mail;Bedrag;Datum;Aantal;% klaar;Betaald;Duur;Status;Changed at;Opmerking;Leeg;Unix time',
        '0001;Jan de Vries;jan@x.nl;1.234,50;13/02/2025;3;87,5 %;ja;25:00:01;open;2025-06-16 10:15:00;"Bel morgen terug alstublieft, dringend";;1750000000',
        '0002;Piet;p@x.nl;2.000;14/02/2025;4;10 %;nee;00:00:01;closed;2025-06-16T10:16:00Z;;;1750000001',
        '0003;Marie;m@x.nl;0,5;01/03/2025;NULL;0 %;ja;00:10:01;open;2025-06-17;ok;;0',
        '',
      ].join('\n'),
    );
    const draft = await draftOf([file]);
    const of = await loads(draft, [file]);
    const { LoadId: _l, LoadedAt: _a, Extras: _e, ...properties } = propertiesOf(of);
    assert.deepEqual(properties, {
      OrderId: 'Edm.String',
      KlantNaam: 'Edm.String',
      EMail: 'Edm.String',
      Bedrag: 'Edm.Decimal',
      Datum: 'Edm.Date',
      Aantal: 'Edm.Int64',
      PercentKlaar: 'Edm.Decimal',
      Betaald: 'Edm.Boolean',
      Duur: 'Edm.Duration',
      Status: 'Edm.String',
      ChangedAt: 'Edm.DateTimeOffset',
      Opmerking: 'Edm.String',
      Leeg: 'Edm.String',
      UnixTime: 'Edm.DateTimeOffset',
    });
    const [target] = of.exports;
    assert.deepEqual([target?.key, target?.write], [['OrderId'], { mode: 'upsert', winner: 'ChangedAt' }]);
    assert.deepEqual(target?.fileRules[0]?.name, '^orders-\\d{8}\\.csv$');
    const { decimalMark, dateTimePatterns, nullTokens } = target?.files ?? {};
    assert.deepEqual(
      { decimalMark, dateTimePatterns, nullTokens },
      { decimalMark: ',', dateTimePatterns: ['d/M/yyyy'], nullTokens: ['NULL'] },
    );
    const classes = Object.fromEntries(target?.columns.map((column) => [column.property, column.personalData]) ?? []);
    assert.deepEqual(
      [
        classes['OrderId'],
        classes['KlantNaam'],
        classes['EMail'],
        classes['Bedrag'],
        classes['Opmerking'],
        classes['Leeg'],
      ],
      ['pseudonym', 'direct', 'direct', 'none', 'content', 'content'],
    );
    const text = draft.documents.at(-1)?.text ?? '';
    assert.match(text, /# 3 of 3 values are numbers, 2 show "," before the fraction\n/);
    assert.match(text, /# 3 of 3 values are dates, the day first: in 2 of them only the first number can be the day\n/);
    assert.match(text, /# words that mean no value: NULL \(1\)\n/);
    assert.match(text, /personalData: direct # guess\n/);
    assert.match(text, /description: "Drafted from 3 rows of orders-20250616\.csv, check\."/);
    for (const person of ['Jan de Vries', 'jan@x.nl', 'Bel morgen', 'Piet', 'Marie']) {
      assert.ok(!text.includes(person), `${person} stands in the draft`);
    }
  });

  it('names that come again and again are no codes where the header says that somebody did something', async () => {
    const headers = ['Closed By', 'AssignedTo', 'Behandelaar', 'Toegewezen aan', 'Status', 'Standby'];
    const row = (n: number): string => `${n},${headers.map(() => ['Bea Baas', 'Kim Koster'][n % 2]).join(',')}\n`;
    const rows = Array.from({ length: 40 }, (_, n) => row(n)).join('');
    const [target] = built(await draftOf([write('by.csv', `Id,${headers.join(',')}\n${rows}`)])).exports;
    assert.deepEqual(
      target?.columns.slice(1).map(({ personalData }) => personalData),
      ['employee', 'employee', 'employee', 'employee', 'none', 'none'],
    );
  });

  it('what nobody can tell stays text and is told: days and months, thousands and fractions', async () => {
    const file = write(
      'a.csv',
      'Id,Day,Sum,Other,Line\nx1,03/04/2025,"1,234",1.5,+31612345678\nx2,05/06/2025,"2,000","1,5",+31 6 12345679\n',
    );
    const draft = await draftOf([file]);
    const properties = propertiesOf(await loads(draft, [file]));
    assert.deepEqual(
      ['Day', 'Sum', 'Other', 'Line'].map((name) => properties[name]),
      ['Edm.String', 'Edm.String', 'Edm.String', 'Edm.String'],
    );
    const text = draft.documents.at(-1)?.text ?? '';
    assert.match(text, /nobody can tell whether the day or the month stands first: state dateTimePatterns, then Date/);
    assert.match(text, /2 values such as 1,234 may mean two numbers: state decimalMark, then Decimal/);
    assert.match(text, /numbers with either decimal mark \(1 show "\.", 1 show ","\)/);
    const settled = write('b.csv', 'Id,Day,Due\nx1,03/04/2025,04/13/2025 1:05 PM\nx2,05/06/2025,01/02/2025 12:00 AM\n');
    const other = await draftOf([settled]);
    const types = propertiesOf(await loads(other, [settled]));
    assert.deepEqual([types['Day'], types['Due']], ['Edm.Date', 'Edm.DateTimeOffset']);
    assert.match(other.documents.at(-1)?.text ?? '', /the month first: the order is that of "Due"/);
  });

  it('the smallest group of columns that tells rows apart, over all files; else a key made from all cells', async () => {
    const header = 'Team,Date,Hour,Count\n';
    const rows = (days: readonly string[]): string =>
      header +
      days.flatMap((day) => ['a', 'b'].flatMap((team) => [9, 10].map((hour) => `${team},${day},${hour},5`))).join('\n');
    const files = [
      write('team/t-20250101.csv', rows(['2025-01-01', '2025-01-02'])),
      write('team/t-20250103.csv', rows(['2025-01-02', '2025-01-03'])),
    ];
    const draft = await draftOf(files, { name: 'Teams' });
    const of = await loads(draft, files);
    assert.deepEqual([...(of.exports[0]?.key ?? [])].sort(), ['Date', 'Hour', 'Team']);
    assert.match(
      draft.documents.at(-1)?.text ?? '',
      /different in the rows of each file \(16 rows\); they come again in other files/,
    );
    const same = write('same.csv', 'A,B\n1,2\n1,2\n');
    const hashed = await draftOf([same]);
    assert.deepEqual((await loads(hashed, [same])).exports[0]?.key, ['RowKey']);
    assert.match(hashed.documents.at(-1)?.text ?? '', /No column, and no group of up to three, tells 2 rows apart/);
  });

  it('a reference where a header is that of a key of the source, and names that are taken are refused', async () => {
    const first = write('customers.csv', 'Customer ID,Name\nc1,A\nc2,B\n');
    const known = (await draftOf([first])).documents;
    const second = write('visits.csv', 'Visit,Customer ID\nv1,c1\nv2,c1\n');
    const draft = await draftOf([second], { metadata: known });
    assert.deepEqual(
      draft.documents.map(({ file }) => file),
      ['acme/visits.yaml'],
    );
    assert.match(draft.documents[0]?.text ?? '', /references: Customers\n/);
    built(draft, known);
    await assert.rejects(draftOf([first], { metadata: known }), {
      code: 'DraftRefused',
      message: /there is an entity set AcmeCustomers already.*--name/,
    });
    await assert.rejects(draftOf([first], { source: 'No Name' }), {
      code: 'DraftRefused',
      message: /lower-case letters/,
    });
    const strange = write('strange.csv', 'Quite,Else\n1,2\n');
    await assert.rejects(draftOf([first, strange]), { code: 'DraftRefused', message: /no column in common/ });
  });

  it('odd files: what a load refuses is refused, all else passes', async () => {
    await assert.rejects(draftOf([write('empty.csv', '')]), { code: 'FileEmpty' });
    await assert.rejects(draftOf([write('twice.csv', 'A,b,a\n1,2,3\n')]), { code: 'HeaderDuplicate' });
    await assert.rejects(draftOf([write('book.csv', Buffer.from('\x25PDF-1.7'))]), { code: 'FileNotCsv' });
    await assert.rejects(draftOf(['none.csv']), {
      code: 'FileUnreadable',
      message: `none.csv cannot be read: there is no such file, it was looked for at ${path.resolve('none.csv')}`,
    });
    const wide = Array.from({ length: 300 }, (_, index) => `Column number ${index}`);
    const odd: Readonly<Record<string, string | Buffer>> = {
      'header-only.csv': 'Order ID,Sum\n',
      'one.csv': 'Alone\n1\n2\n',
      'wide.csv': csv([wide, wide.map((_, index) => index), wide.map((_, index) => index + 1)]),
      'reserved.csv':
        'LoadId,Loaded At,Extras,Deleted At,RowKey,Acme Reserved,id,ID2\n1,2,3,4,5,6,7,8\n2,2,3,4,5,6,8,8\n',
      'unnamed.csv': csv([
        ['1st', '!!!', '  ', 'a'.repeat(300), home, 'it\'s: "x" # y', '- z', '%', '#'],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
        [2, 2, 3, 4, 5, 6, 7, 8, 9],
      ]),
      [`nähere Größe (1) ${home} [x].csv`]: '名前,日付,Größe,Номер,اسم\nx,2025-01-01,1,2,3\ny,2025-01-02,1,2,3\n',
      'latin.csv': Buffer.from('Naam,Prijs\nZo\xeb,1\n', 'latin1'),
      'tabs.csv': 'a\tb,c\td\n1\t2,5\t3\n2\t2,6\t4\n',
      'pipes.csv': 'a|b|c\n1|2|x\n2|3|y\n',
      'sep.csv': 'sep=;\na;b\n1;2\n2;3\n',
      'nulls.csv': 'Id,Null\nx1,NULL\nx2,-\nx3,N/A\nx4,5\n',
      'words.csv': 'no,yes,on,Y,true\n1,2,3,4,5\n2,3,4,5,6\n',
      'late.csv': `Id,N\n${Array.from({ length: 2000 }, (_, index) => `k${index},${index}`).join('\n')}\nlast,many\n`,
    };
    for (const [name, content] of Object.entries(odd)) {
      const file = write(`odd/${name}`, content);
      const draft = await draftOf([file]);
      const of = built(draft);
      const { refusal, rows } = await inspectFile(file, of);
      assert.deepEqual([refusal, rows.rejected], [null, 0], name);
      built(await draftOf([file], { inline: true }));
    }
  });

  it('files in a .gz and a .zip are read as those inside', async () => {
    const packed = write('packed/visits-20250101.csv.gz', gzipSync('Visit,Count\nv1,1\nv2,2\n'));
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from('Visit,Count\nv3,3\n'), 'export/visits-20250102.csv');
    zip.end();
    const chunks: Buffer[] = [];
    for await (const chunk of zip.outputStream) {
      chunks.push(chunk as Buffer);
    }
    const draft = await draftOf([packed, write('packed/all.zip', Buffer.concat(chunks))]);
    const [target] = built(draft).exports;
    assert.deepEqual(
      [target?.set, target?.key, target?.fileRules[0]?.name],
      ['AcmeVisits', ['Visit'], '^visits-\\d{8}\\.csv$'],
    );
    assert.match(draft.documents.at(-1)?.text ?? '', /^# Drafted from 3 rows of visits-20250101\.csv and 1 more/m);
  });

  it('of a file in which every column was ruined by a spreadsheet there is none, and the message says why', async () => {
    const file = path.join(folder, 'ruined.csv');
    writeFileSync(file, csv([['Column a'], ['1E+15'], [''], ['13/02/2025'], ['0']]));
    await assert.rejects(draftOf([file]), {
      code: 'DraftRefused',
      message: /a spreadsheet ruined .*as the vendor wrote it/,
    });
  });

  it('whatever the cells are, the file loads without a rejected row', async () => {
    const cell = fc.oneof(
      fc.constantFrom(
        '',
        'NULL',
        '-',
        '0',
        '1',
        'yes',
        'no',
        '1,5',
        '1.5',
        '1,234',
        '1.000',
        '12 %',
        '2025-01-01',
        '2025-01-01 10:00',
        '13/02/2025',
        '02/13/2025',
      ),
      fc.constantFrom(
        '03/04/25',
        '10:15',
        '25:00:00',
        'P1D',
        '1750000000',
        '1E+15',
        '#NAME?',
        '="01"',
        'jan@x.nl',
        '007',
        '١٢',
        '\\N',
        ' x ',
        home,
      ),
      fc.integer().map(String),
      fc.string({ maxLength: 6 }).filter((text) => !text.includes('\0')),
    );
    const column = fc.oneof(
      fc.array(cell, { minLength: 4, maxLength: 4 }),
      cell.map((one) => [one, one, one, one]),
    );
    const file = path.join(folder, 'random.csv');
    await fc.assert(
      fc.asyncProperty(fc.array(column, { minLength: 1, maxLength: 5 }), async (columns) => {
        const header = columns.map((_, index) => `Column ${'abcde'.charAt(index)}`);
        const rows = [0, 1, 2, 3].map((row) => columns.map((cells) => cells[row] ?? ''));
        writeFileSync(file, csv([header, ...rows]));
        const draft = await draftOf([file]).catch((error: GatewayError) => {
          assert.deepEqual([error.code, /ruined/.test(error.message)], ['DraftRefused', true], error.message);
          // Nothing else keeps a column from being a part of a key.
          assert.ok(columns.every((cells) => cells.some((one) => /^\d[eE]\+\d|^#/.test(one.trim()))));
          return null;
        });
        if (draft === null) {
          return;
        }
        const { refusal, rows: counts, faults } = await inspectFile(file, built(draft));
        // Rows that no metadata reads: a text with a quote in the middle is none of these, as `csv` quotes it.
        assert.deepEqual([refusal, counts.rejected, faults], [null, 0, []]);
      }),
      { numRuns: 40 },
    );
  });

  it('every sample export is drafted from its files, and cells of the same type give the values that its metadata gives', async () => {
    const samples = path.join(folder, 'samples');
    const { files } = await writeSamples(catalogue, samples, { ...defaultOrder, rows: 25, days: 1 });
    const drafted = new Map(files.map((file) => [`${file.set}`, file]));
    assert.ok(drafted.size >= 30);
    let compared = 0;
    for (const { path: below, set } of drafted.values()) {
      const file = path.join(samples, below);
      const draft = await draftOf([file], { name: 'Drafted' });
      const of = await loads(draft, [file]);
      const truth = catalogue.exports.find((one) => one.set === set);
      assert.ok(truth !== undefined);
      const [own, real] = [
        await valuesOf(of, file, { source: 'acme' }),
        await valuesOf(catalogue, file, { source: truth.source, export: truth.name }),
      ];
      for (const [header, { type, values }] of real) {
        const ours = own.get(header);
        if (ours?.type === type) {
          compared += 1;
          assert.deepEqual(ours.values, values, `${below}: ${header}`);
        }
      }
    }
    assert.ok(compared > 250, String(compared));
  });

  it('drafts, checks, loads and serves, as somebody types it', async () => {
    const database = await testDatabase();
    const metadata = path.join(folder, 'metadata');
    const environment = {
      DATABASE_URL: database.connectionString,
      DATA_DIR: path.join(folder, 'data'),
      METADATA_DIR: metadata,
    };
    const run = async (line: string): Promise<string> => {
      const { code, output } = await gatewayCommand(line, environment);
      assert.equal(code, 0, output);
      return output;
    };
    const file = write(
      'tickets_2025-06-16.csv',
      'Ticket,Opened,Points\nT-1,2025-06-16 10:00,1.5\nT-2,2025-06-16 11:00,2\n',
    );
    const printed = await run(`gateway draft ${file} --source acme`);
    assert.match(printed, /^source:\n {2}name: acme\n/m);
    write('metadata/acme-tickets.yaml', printed);
    assert.match(await run('gateway check'), /1 exports, .*: no fault/);
    rmSync(metadata, { recursive: true });
    assert.match(await run(`gateway draft ${file} --source acme --out ${metadata}`), /acme\/tickets\.yaml: drafted/);
    assert.deepEqual(readdirSync(path.join(metadata, 'acme')).sort(), ['source.yaml', 'tickets.yaml']);
    assert.match(readFileSync(path.join(metadata, 'acme/source.yaml'), 'utf8'), /prefix: Acme/);
    await run('gateway check');
    assert.match(
      await run(`gateway ingest ${file}`),
      /loaded into AcmeTickets as load 1: 2 rows, 2 new, .* 0 rejected/,
    );
    const again = await gatewayCommand(`gateway draft ${file} --source acme --out ${metadata}`, environment);
    assert.match(again.output, /DraftRefused: .*AcmeTickets already/);
    await database.drop();
  });

  it('file rules: what changes from file to file is a number, what does not is part of the name', () => {
    assert.deepEqual(fileRules(['a-v2-20250101.csv', 'a-v2-20250102.csv']), [
      { name: '^a-v2-\\d{8}\\.csv$', example: 'a-v2-20250101.csv' },
    ]);
    assert.deepEqual(
      fileRules(['part 9 of x.csv', 'part 10 of x.csv', 'other_2025-01-01.csv']).map(({ name }) => name),
      ['^part \\d+ of x\\.csv$', '^other_\\d{4}-\\d\\d-\\d\\d\\.csv$'],
    );
  });
});

/** Values of each column by folded header, as a load converts them. */
async function valuesOf(
  of: Catalogue,
  file: string,
  options: { readonly source: string; readonly export?: string },
): Promise<ReadonlyMap<string, { readonly type: string; readonly values: readonly (string | null)[] }>> {
  const facts = await examineFile(file);
  const identified = await identifyFile(of, facts, options);
  const { export: target, layout, match } = identified;
  const period = periodOf(target, facts.name, null);
  const converter = converterFor(of, match, { period, delimiter: layout.delimiter });
  const columns = new Map<
    string,
    { readonly type: string; readonly values: (string | null)[]; readonly place: number }
  >();
  const types = of.model.entitySets.get(target.set)?.entityType.properties;
  for (const cell of match.cells) {
    const property = cell.column?.property;
    // What an empty cell stands for no cell shows.
    if (property !== undefined && cell.column?.emptyAs === undefined) {
      const encoding = cell.column?.encoding ?? '';
      columns.set(foldHeader(cell.text), {
        type: `${types?.get(property)?.type} ${encoding}`,
        values: [],
        place: converter.properties.indexOf(property),
      });
    }
  }
  for await (const batch of dataRows(facts, identified).records) {
    for (const record of batch) {
      const { values } = converter.convert(record);
      for (const column of columns.values()) {
        column.values.push(values[column.place] ?? null);
      }
    }
  }
  return columns;
}
