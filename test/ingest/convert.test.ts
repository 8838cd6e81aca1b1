import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import type { Encoding, ExportColumn } from '../../src/catalogue/catalogue.ts';
import type { PrimitiveTypeName, Property } from '../../src/edm/model.ts';
import { isFault } from '../../src/ingest/convert/cell.ts';
import { columnConverter, timeReading } from '../../src/ingest/convert/column-converter.ts';
import { copyLine } from '../../src/ingest/convert/copy-line.ts';
import { convertMoment } from '../../src/ingest/convert/time-cells.ts';
import { ZoneClock } from '../../src/ingest/convert/zone-clock.ts';

const files = {
  timeZone: 'Europe/Amsterdam',
  nullTokens: ['NULL'],
  fallbackEncoding: 'windows-1252',
  delimiters: [','],
  dateTimePatterns: ['dd-MM-yyyy HH:mm', 'dd/MM/yyyy HH:mm:ss'],
  temporarySuffixes: [],
  maxRejectedPercent: 50,
} as const;

function convert(
  encoding: Encoding,
  type: PrimitiveTypeName,
  cell: string,
  more: Partial<Property> = {},
): string | null {
  const property: Property = { kind: 'Property', name: 'P', type, collection: false, nullable: true, ...more };
  const column: ExportColumn = {
    property: 'P',
    encoding,
    headers: [],
    required: false,
    keepIfEmpty: false,
    position: null,
    joinedTo: null,
    codeList: null,
    personalData: 'none',
    example: '',
  };
  const value = columnConverter(column, property, timeReading(files))(cell);
  return isFault(value) ? `!${value.code}` : value;
}

const cases: readonly (readonly [Encoding, PrimitiveTypeName, string, string | null])[] = [
  ['integer', 'Edm.Int64', '9223372036854775807', '9223372036854775807'],
  ['integer', 'Edm.Int64', '9223372036854775808', '!OUT_OF_RANGE'],
  ['integer', 'Edm.Int32', '2147483648', '!OUT_OF_RANGE'],
  ['integer', 'Edm.Int16', '-32768', '-32768'],
  ['integer', 'Edm.Int16', '32768', '!OUT_OF_RANGE'],
  ['integer', 'Edm.Byte', '-1', '!OUT_OF_RANGE'],
  ['integer', 'Edm.Int32', '12.0', '12'],
  ['integer', 'Edm.Int32', '12.5', '!INVALID_INTEGER'],
  ['integer', 'Edm.Int32', '1e3', '!INVALID_INTEGER'],
  ['decimal', 'Edm.Decimal', '1.50', '1.50'],
  ['decimal', 'Edm.Decimal', '1,5', '1.5'],
  ['decimal', 'Edm.Decimal', '0,125', '0.125'],
  ['decimal', 'Edm.Decimal', '1,234', '!AMBIGUOUS_DECIMAL'],
  ['decimal', 'Edm.Decimal', '1.234,5', '1234.5'],
  ['decimal', 'Edm.Decimal', '1,234.5', '1234.5'],
  ['decimal', 'Edm.Decimal', '1.2.3', '!INVALID_DECIMAL'],
  ['decimal', 'Edm.Double', 'NaN', '!INVALID_DECIMAL'],
  ['boolean', 'Edm.Boolean', 'Oui', 't'],
  ['boolean', 'Edm.Boolean', 'no', 'f'],
  ['boolean', 'Edm.Boolean', '1', 't'],
  ['boolean', 'Edm.Boolean', '2', '!INVALID_BOOLEAN'],
  ['unix-seconds', 'Edm.DateTimeOffset', '0', null],
  ['unix-seconds', 'Edm.DateTimeOffset', '1750060000', '2025-06-16T07:46:40.000Z'],
  ['unix-seconds', 'Edm.DateTimeOffset', '1750060000123', '2025-06-16T07:46:40.123Z'],
  ['unix-seconds', 'Edm.DateTimeOffset', '2025-06-16', '!INVALID_UNIX_TIME'],
  ['unix-seconds', 'Edm.DateTimeOffset', '99999999999999', '!OUT_OF_RANGE'],
  ['date-time', 'Edm.DateTimeOffset', '2025-06-16T09:46:40', '2025-06-16T07:46:40.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-06-16T09:46:40Z', '2025-06-16T09:46:40.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-06-16 09:46:40+05:30', '2025-06-16T04:16:40.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-06-16 09:46:40.123456', '2025-06-16T07:46:40.123456Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-06-16 09:46 UTC', '2025-06-16T09:46:00.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '16-06-2025 09:46', '2025-06-16T07:46:00.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '16/06/2025 09:46:40', '2025-06-16T07:46:40.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-02-29T00:00:00', '!INVALID_DATE_TIME'],
  ['date-time', 'Edm.DateTimeOffset', '2024-02-29T00:00:00', '2024-02-28T23:00:00.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-06-16T25:00:00', '!INVALID_DATE_TIME'],
  ['date-time', 'Edm.DateTimeOffset', 'yesterday', '!INVALID_DATE_TIME'],
  // Autumn: the clock shows 02:30 twice, the first one counts. Spring: 02:30 is left out, it is moved on.
  ['date-time', 'Edm.DateTimeOffset', '2025-10-26T02:30:00', '2025-10-26T00:30:00.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-10-26T03:00:00', '2025-10-26T02:00:00.000Z'],
  ['date-time', 'Edm.DateTimeOffset', '2025-03-30T02:30:00', '2025-03-30T01:30:00.000Z'],
  ['date', 'Edm.Date', '2025-06-16', '2025-06-16'],
  ['date', 'Edm.Date', '16-06-2025', '2025-06-16'],
  ['date', 'Edm.Date', '2025-06-16T00:00:00', '2025-06-16'],
  ['date', 'Edm.Date', '2025-06-16T10:00:00', '!INVALID_DATE'],
  ['date', 'Edm.Date', '2025-13-01', '!INVALID_DATE'],
  ['time-of-day', 'Edm.TimeOfDay', '9:05', '09:05:00'],
  ['time-of-day', 'Edm.TimeOfDay', '23:59:59.5', '23:59:59.5'],
  ['time-of-day', 'Edm.TimeOfDay', '24:00', '!INVALID_TIME_OF_DAY'],
  ['duration-seconds', 'Edm.Int32', '90', '90'],
  ['duration-seconds', 'Edm.Int32', '01:01:30', '3690'],
  ['duration-seconds', 'Edm.Decimal', '100:00:00.5', '360000.5'],
  ['duration-seconds', 'Edm.Int32', '1:2', '!INVALID_DURATION'],
  ['duration-seconds', 'Edm.Int32', 'soon', '!INVALID_DURATION'],
  ['percentage', 'Edm.Decimal', '85,5 %', '85.5'],
  ['percentage', 'Edm.Int32', '85%', '85'],
  ['percentage', 'Edm.Int32', 'x%', '!INVALID_PERCENTAGE'],
  ['text', 'Edm.Guid', 'nope', '!INVALID_GUID'],
];

describe('Conversion of cells', () => {
  for (const [encoding, type, cell, expected] of cases) {
    it(`${encoding} as ${type}: ${cell}`, () => equal(convert(encoding, type, cell), expected));
  }

  it('counts characters, not UTF-16 units, against the longest length', () => {
    equal(convert('text', 'Edm.String', '😀😀', { maxLength: 2 }), '😀😀');
    equal(convert('text', 'Edm.String', 'abc', { maxLength: 2 }), '!TOO_LONG');
  });

  it('keeps digits within precision and scale', () => {
    equal(convert('decimal', 'Edm.Decimal', '123.45', { precision: 5, scale: 2 }), '123.45');
    equal(convert('decimal', 'Edm.Decimal', '1234.5', { precision: 5, scale: 2 }), '!OUT_OF_RANGE');
    equal(convert('decimal', 'Edm.Decimal', '1.234', { precision: 5, scale: 2 }), '!OUT_OF_RANGE');
  });

  it('joins a bare time to the date beside it', () => {
    const reading = timeReading(files);
    equal(convertMoment('09:15:00', '2025-06-16', reading), '2025-06-16T07:15:00.000Z');
    equal(convertMoment('1750060000', null, reading), '2025-06-16T07:46:40.000Z');
    equal(convertMoment('0', '2025-06-16', reading), null);
    deepEqual(isFault(convertMoment('09:15', null, reading)), true);
  });

  it('writes COPY text that PostgreSQL reads back', () => {
    equal(copyLine(['a\tb', null, 'c\\d\r\n', '', '\\N']), 'a\\tb\t\\N\tc\\\\d\\r\\n\t\t\\\\N\n');
  });
});

describe('Wall clocks', () => {
  it('agree with Luxon wherever a time exists once', () => {
    const zones = [
      'Europe/Amsterdam',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'UTC',
      'America/St_Johns',
    ];
    const clocks = new Map(zones.map((zone) => [zone, new ZoneClock(zone)]));
    const moment = fc
      .integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2030, 0, 1) })
      .map((ms) => Math.floor(ms / 1000) * 1000);
    fc.assert(
      fc.property(fc.constantFrom(...zones), moment, (zone, instant) => {
        const local = DateTime.fromMillis(instant, { zone });
        const wall = instant + local.offset * 60_000;
        const placed = clocks.get(zone)?.place(wall);
        const twins = local.getPossibleOffsets();
        if (twins.length === 1) deepEqual(placed, { instant, ambiguous: false, skipped: false });
        else {
          equal(placed?.ambiguous, true);
          equal(placed?.instant, Math.min(...twins.map((twin) => twin.toMillis())));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('mark the double hour of autumn and the hour left out in spring', () => {
    const clock = new ZoneClock('Europe/Amsterdam');
    deepEqual(clock.place(Date.UTC(2025, 9, 26, 2, 30)), {
      instant: Date.UTC(2025, 9, 26, 0, 30),
      ambiguous: true,
      skipped: false,
    });
    deepEqual(clock.place(Date.UTC(2025, 2, 30, 2, 30)), {
      instant: Date.UTC(2025, 2, 30, 1, 30),
      ambiguous: false,
      skipped: true,
    });
  });
});
