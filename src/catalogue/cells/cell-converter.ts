import type { PrimitiveTypeName } from '../../edm/model.ts';
import type { Encoding, FileDefaults } from '../catalogue.ts';
import { convertBoolean } from './boolean-cells.ts';
import type { CellConverter } from './cell.ts';
import { convertDuration, secondsConverter } from './duration-cells.ts';
import { decimalConverter, integerConverter, type NumberForm, percentageConverter } from './number-cells.ts';
import { shownMark } from './number-text.ts';
import { binaryConverter, convertGuid, listConverter, type TextForm, textConverter } from './text-cells.ts';
import {
  convertMoment,
  convertTimeOfDay,
  convertUnixSeconds,
  dateConverter,
  dateTimeConverter,
  type TimeReading,
} from './time-cells.ts';
import { ZoneClock } from './zone-clock.ts';

/** Everything that decides how the cells of a column become values. */
export interface CellForm extends TextForm {
  readonly type: PrimitiveTypeName;
  readonly encoding: Encoding;
  readonly precision: number | undefined;
  readonly scale: number | 'variable' | undefined;
  /** What the files of the column say of themselves. */
  readonly files: Pick<FileDefaults, 'timeZone' | 'dateTimePatterns' | 'decimalMark'>;
  /** The documented example, whose decimal mark counts where the files' is not stated; null: none. */
  readonly example: string | null;
}

/** The zone and patterns of a source, with the zone's memory; one for each load. */
export function timeReading(files: CellForm['files']): TimeReading {
  return { clock: new ZoneClock(files.timeZone), patterns: files.dateTimePatterns };
}

/** Whether blanks around a cell are part of its value: in texts that name nothing. Databases fill names up with blanks. */
export const keepsBlanks = ({ type, identifies }: Pick<CellForm, 'type' | 'identifies'>): boolean =>
  type === 'Edm.String' && !identifies;

/**
 * How cells of a column become PostgreSQL input text: the only place, for loads, `inspect`, replays, the examples and fixed
 * rows of the metadata (docs/cells.md). A bare time of day in a `moment` needs its row: see `convertMoment`.
 */
export function cellConverter(form: CellForm, reading: TimeReading): CellConverter {
  switch (form.encoding) {
    case 'text':
      return textOf(form);
    case 'label-list':
    case 'list':
      return listConverter(form);
    case 'integer':
      return integerConverter(numberForm(form));
    case 'decimal':
      return decimalConverter(numberForm(form));
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
      return secondsConverter(numberForm(form));
    case 'percentage':
      return percentageConverter(numberForm(form));
    case 'moment':
      return (cell) => convertMoment(cell, null, reading);
  }
}

function textOf(form: CellForm): CellConverter {
  switch (form.type) {
    case 'Edm.Guid':
      return convertGuid;
    case 'Edm.Binary':
      return binaryConverter(form.maxLength);
    case 'Edm.Duration':
      return convertDuration;
    default:
      return textConverter(form);
  }
}

const numberForm = ({ type, precision, scale, files, example }: CellForm): NumberForm => ({
  type,
  precision,
  scale,
  stated: files.decimalMark ?? null,
  shown: example === null ? null : shownMark(example),
});
