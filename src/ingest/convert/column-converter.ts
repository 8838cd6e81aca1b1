import type { ExportColumn, FileDefaults } from '../../catalogue/catalogue.ts';
import type { Property } from '../../edm/model.ts';
import { type CellConverter, fault } from './cell.ts';
import {
  convertBoolean,
  decimalConverter,
  durationConverter,
  integerConverter,
  percentageConverter,
} from './number-cells.ts';
import {
  convertMoment,
  convertTimeOfDay,
  convertUnixSeconds,
  dateConverter,
  dateTimeConverter,
  type TimeReading,
} from './time-cells.ts';
import { ZoneClock } from './zone-clock.ts';

/** The zone and patterns of a source, with the zone's memory; one for each load. */
export function timeReading(files: FileDefaults): TimeReading {
  return { clock: new ZoneClock(files.timeZone), patterns: files.dateTimePatterns };
}

/** How cells of a column become values of its property (docs/metadata.md, encodings). `moment` needs its row: see RowConverter. */
export function columnConverter(column: ExportColumn, property: Property, reading: TimeReading): CellConverter {
  const facets = {
    type: property.type,
    ...(property.precision === undefined ? {} : { precision: property.precision }),
    ...(property.scale === undefined ? {} : { scale: property.scale }),
  };
  switch (column.encoding) {
    case 'text':
    case 'label-list':
    case 'list':
      return textConverter(property);
    case 'integer':
      return integerConverter(property.type);
    case 'decimal':
      return decimalConverter(facets);
    case 'boolean':
      return convertBoolean;
    case 'unix-seconds':
      return convertUnixSeconds;
    case 'date-time':
      return dateTimeConverter(reading);
    case 'date':
      return dateConverter(reading);
    case 'time-of-day':
      return convertTimeOfDay;
    case 'duration-seconds':
      return durationConverter(facets);
    case 'percentage':
      return percentageConverter(facets);
    case 'moment':
      return (cell) => convertMoment(cell, null, reading);
  }
}

const GUID = /^(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\{[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\})$/i;

function textConverter(property: Property): CellConverter {
  if (property.type === 'Edm.Guid') return (cell) => (GUID.test(cell) ? cell : fault('INVALID_GUID', cell, 'a GUID'));
  const { maxLength } = property;
  if (maxLength === undefined) return (cell) => cell;
  return (cell) =>
    // MaxLength counts characters, a string counts UTF-16 units: only the few near the limit are counted exactly.
    cell.length > maxLength && [...cell].length > maxLength
      ? fault('TOO_LONG', cell, `within ${maxLength} characters`)
      : cell;
}
