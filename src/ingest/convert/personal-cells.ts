import type { Export } from '../../catalogue/catalogue.ts';
import type { TextRecord } from '../csv/read-records.ts';
import { rejectCodes } from '../csv/reject-codes.ts';
import type { HeaderCell } from '../identify/match-header.ts';
import type { Treatment, Treatments } from '../personal/treatments.ts';
import { recordText } from './record-eraser.ts';
import type { RowFault } from './row-fault.ts';

/** How the text of rejected rows is written, so that it can be read again. */
export interface PersonalSetting {
  readonly target: Export;
  readonly treatments: Treatments;
  /** In the order of a row's values. */
  readonly properties: readonly string[];
  readonly cells: readonly HeaderCell[];
  readonly delimiter: string;
}

interface TreatedPlace {
  readonly place: number;
  readonly treat: Treatment;
}

/** What becomes of the personal cells of one file's rows before anybody stores or shows them. */
export class PersonalCells {
  readonly #treated: readonly TreatedPlace[];
  readonly #setting: PersonalSetting;
  /** By place among the values; absent: kept. */
  readonly #policies: ReadonlyMap<number, string>;
  readonly #places: ReadonlyMap<string, number>;
  readonly #nullTokens: ReadonlySet<string>;

  constructor(setting: PersonalSetting) {
    const { properties, treatments, target } = setting;
    this.#setting = setting;
    this.#places = new Map(properties.map((name, place) => [name, place]));
    this.#nullTokens = new Set(target.files.nullTokens);
    const found = [...treatments.properties].flatMap(([name, { policy, treat }]) => {
      const place = this.#places.get(name);
      return place === undefined ? [] : [{ place, policy, treat }];
    });
    this.#treated = found;
    this.#policies = new Map(found.map(({ place, policy }) => [place, policy]));
  }

  /** The value is dropped: whatever is wrong with its cell does not matter. */
  drops(place: number): boolean {
    return this.#policies.get(place) === 'drop';
  }

  /** The value may be of any length before it is treated. */
  shortens(property: string): boolean {
    const policy = this.#policies.get(this.#places.get(property) ?? -1);
    return policy === 'drop' || policy === 'hash';
  }

  treatValues(values: (string | null)[]): void {
    for (const { place, treat } of this.#treated) {
      const value = values[place];
      if (typeof value === 'string') {
        values[place] = treat(value);
      }
    }
  }

  treatValue(property: string, value: string | null): string | null {
    const treatment = this.#setting.treatments.properties.get(property);
    return treatment === undefined || value === null ? value : treatment.treat(value);
  }

  /** A cell under a header that is not known, as `Extras` has it. */
  treatExtra(text: string): string | null {
    const { extras } = this.#setting.treatments;
    return extras === null ? text : extras(text);
  }

  get keepsExtras(): boolean {
    return this.#setting.treatments.extras === null;
  }

  /** A fault without the text of a personal cell. */
  shownFault(fault: RowFault): RowFault {
    if (fault.property === null || !this.#policies.has(this.#places.get(fault.property) ?? -1)) {
      return fault;
    }
    return { ...fault, message: `${rejectCodes[fault.code]} It is personal data and not shown.` };
  }

  /** Whether the fault is one of a personal cell, whose text is needed to read the row again. */
  hides({ property, code }: RowFault): boolean {
    return property === null || (code !== 'MISSING_VALUE' && this.#policies.has(this.#places.get(property) ?? -1));
  }

  /** The row as text with its personal cells treated, as it would be read into the same values. */
  shownRow({ fields }: TextRecord, values: readonly (string | null)[]): string {
    const { cells, delimiter } = this.#setting;
    const texts = fields.map((field, index) => {
      const cell = cells[index];
      if (cell === undefined || field === '') {
        return field;
      }
      if (cell.column === null) {
        return this.treatExtra(field) ?? '';
      }
      const place = this.#places.get(cell.column.property) ?? -1;
      if (!this.#policies.has(place) || this.#nullTokens.has(field.trim())) {
        return field;
      }
      const { encoding } = cell.column;
      const readsAgain = encoding === 'text' || encoding === 'date' || encoding === 'date-time';
      return readsAgain ? (values[place] ?? '') : '';
    });
    return recordText(texts, delimiter);
  }
}
