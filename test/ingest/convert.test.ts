import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import type { Encoding } from '../../src/catalogue/catalogue.ts';
import { isFault } from '../../src/catalogue/cells/cell.ts';
import { type CellForm, cellConverter, timeReading } from '../../src/catalogue/cells/cell-converter.ts';
import { convertMoment } from '../../src/catalogue/cells/time-cells.ts';
import { ZoneClock } from '../../src/catalogue/cells/zone-clock.ts';
import type { PrimitiveTypeName } from '../../src/edm/model.ts';
import { copyLine } from '../../src/sql/copy-line.ts';

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
  more: Partial<CellForm> = {},
): string | null {
  const facets = { maxLength: undefined, precision: undefined, scale: undefined };
  const form: CellForm = { encoding, type, files, identifies: false, example: null, ...facets, ...more };
  const value = cellConverter(form, timeReading(files))(cell);
  return isFault(value) ? `!${value.code}` : value;
}

/** What each cell becomes stands in test/cells/tables. */
describe('Conversion of cells', () => {
  it('counts characters, not UTF-16 units, against the longest length', () => {
    equal(convert('text', 'Edm.String', '😀😀', { maxLength: 2 }), '😀😀');
    equal(convert('text', 'Edm.String', 'abc', { maxLength: 2 }), '!TOO_LONG');
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
        if (twins.length === 1) {
          deepEqual(placed, { instant, ambiguous: false, skipped: false });
        } else {
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
