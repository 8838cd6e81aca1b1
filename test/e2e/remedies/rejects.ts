import type { RejectCode } from '../../../src/ingest/csv/reject-codes.ts';

type Keys = Readonly<Record<string, unknown>>;

/** A row that is rejected, and what its code says to do, done. Files have the columns Id, Cell and Other. */
export interface RejectScenario {
  /** Keys of the property Cell, a nullable text otherwise. */
  readonly cell?: Keys;
  /** Keys of the property that is the key. */
  readonly key?: Keys;
  /** The lines of the row at fault. */
  readonly bad: string | Buffer;
  /** The row corrected in the file. */
  readonly row?: string;
  /** The metadata corrected, for `gateway replay`; with the value that the cell has then. */
  readonly metadata?: Keys;
  /** Keys of the set's `fileDefaults`, corrected. */
  readonly fileDefaults?: Keys;
  /** Instead of replaying: the metadata that change a type ask for this. */
  readonly rebuild?: boolean;
  /** Rejected rows, where more than one. */
  readonly rejected?: number;
}

const of = (type: string, encoding?: string): Keys => ({ type, ...(encoding === undefined ? {} : { encoding }) });

export const rejectScenarios: Readonly<Record<RejectCode, readonly RejectScenario[]>> = {
  UNTERMINATED_QUOTE: [
    { bad: '1,"late,x', row: '1,"late",x' },
    { bad: '1,"late,x', row: '1,"""late",x' },
  ],
  TEXT_AFTER_QUOTE: [{ bad: '1,"so "called" so",x', row: '1,"so ""called"" so",x' }],
  QUOTE_IN_UNQUOTED_FIELD: [{ bad: '1,"late,x\n3,5" screen,y', row: '1,"late",x\n3,"5"" screen",y', rejected: 2 }],
  RECORD_TOO_LARGE: [{ bad: `1,${'x'.repeat(4_300_000)},x`, row: `1,${'x'.repeat(4_000_000)},x` }],
  INVALID_ENCODING: [
    {
      bad: Buffer.concat([Buffer.from('1,caf'), Buffer.from([0xe9]), Buffer.from(',x\n3,é,\n4,é,')]),
      row: '1,café,x\n3,é,\n4,é,',
    },
  ],
  NUL_CHARACTER: [{ bad: '1,a\0b,x', row: '1,ab,x' }],
  TOO_FEW_FIELDS: [{ bad: '1,late\nagain,x', row: '1,"late\nagain",x', rejected: 2 }],
  TOO_MANY_FIELDS: [{ bad: '1,Doe, Jane,3', row: '1,"Doe, Jane",3' }],
  MISSING_VALUE: [
    { cell: { nullable: false }, bad: '1,,x', row: '1,there,x' },
    { cell: { nullable: false }, bad: '1,,x', metadata: { nullable: true } },
  ],
  INVALID_INTEGER: [{ cell: of('Int32'), bad: '1,12a,x', row: '1,12,x' }],
  INVALID_DECIMAL: [{ cell: of('Decimal'), bad: '1,1.2.3,x', row: '1,1.23,x' }],
  AMBIGUOUS_DECIMAL: [
    { cell: of('Decimal'), bad: '1,"1,234",x', fileDefaults: { decimalMark: ',' } },
    { cell: of('Decimal'), bad: '1,"1,234",x', fileDefaults: { decimalMark: '.' } },
    { cell: of('Int32'), bad: '1,1.000,x', fileDefaults: { decimalMark: ',' } },
  ],
  INVALID_BOOLEAN: [{ cell: of('Boolean'), bad: '1,maybe,x', row: '1,yes,x' }],
  INVALID_UNIX_TIME: [
    {
      cell: { ...of('DateTimeOffset', 'unix-seconds'), example: '1767225600' },
      bad: '1,2026-01-01,x',
      row: '1,1767225600,x',
    },
  ],
  INVALID_DATE_TIME: [
    { cell: of('DateTimeOffset'), bad: '1,yesterday,x', row: '1,2026-01-01T10:00:00Z,x' },
    {
      cell: of('DateTimeOffset'),
      bad: '1,01/02/2026 10:00,x',
      fileDefaults: { dateTimePatterns: ['dd/MM/yyyy HH:mm'] },
    },
  ],
  INVALID_DATE: [
    { cell: of('Date'), bad: '1,2026-02-30,x', row: '1,2026-02-28,x' },
    { cell: of('Date'), bad: '1,28/02/2026,x', fileDefaults: { dateTimePatterns: ['dd/MM/yyyy'] } },
  ],
  INVALID_TIME_OF_DAY: [
    { cell: { ...of('TimeOfDay'), example: '10:15' }, bad: '1,25:00,x', row: '1,10:15,x' },
    { cell: { ...of('TimeOfDay'), example: '10:15' }, bad: '1,25:00,x', row: '1,10:15:00,x' },
  ],
  INVALID_DURATION: [
    { cell: of('Int32', 'duration-seconds'), bad: '1,a while,x', row: '1,90,x' },
    { cell: of('Int32', 'duration-seconds'), bad: '1,a while,x', row: '1,0:01:30,x' },
    { cell: { ...of('Duration'), example: 'PT1H' }, bad: '1,a while,x', row: '1,P1DT2H3M4S,x' },
  ],
  INVALID_PERCENTAGE: [
    { cell: of('Int32', 'percentage'), bad: '1,half,x', row: '1,50,x' },
    { cell: of('Int32', 'percentage'), bad: '1,half,x', row: '1,50 %,x' },
  ],
  INVALID_GUID: [
    {
      cell: { ...of('Guid'), example: '0cc175b9-c0f1-b6a8-31c3-99e269772661' },
      bad: '1,1234,x',
      row: '1,0cc175b9-c0f1-b6a8-31c3-99e269772661,x',
    },
  ],
  INVALID_BINARY: [
    { cell: of('Binary'), bad: '1,a\\b,x', row: '1,aGVsbG8=,x' },
    { cell: of('Binary'), bad: '1,a\\b,x', row: '1,_-8,x' },
  ],
  SPREADSHEET_ERROR: [{ key: of('String'), bad: '#NAME?,late,x', row: '-a1,late,x' }],
  SCIENTIFIC_NOTATION: [{ key: of('String'), bad: '"1,24E+15",late,x', row: '1240000000000001,late,x' }],
  OUT_OF_RANGE: [
    { cell: of('Int16'), bad: '1,70000,x', row: '1,7000,x' },
    { cell: of('Int16'), bad: '1,70000,x', metadata: of('Int32'), rebuild: true },
  ],
  TOO_LONG: [
    { cell: { maxLength: 5 }, bad: '1,123456,x', row: '1,12345,x' },
    { cell: { maxLength: 5 }, bad: '1,123456,x', metadata: { maxLength: 10 } },
  ],
};
