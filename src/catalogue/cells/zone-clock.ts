import { IANAZone } from 'luxon';

/** A wall-clock time in a zone, placed on the time line. */
export interface Placed {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly instant: number;
  /** The clock showed this time twice (autumn); the earlier one is taken. */
  readonly ambiguous: boolean;
  /** The clock never showed this time (spring); it is moved on by the hour that was left out. */
  readonly skipped: boolean;
}

const minute = 60_000;
const day = 86_400_000;
const quarterHour = 15 * minute;

/**
 * Offsets of one IANA zone, remembered per quarter of an hour (no zone changes in between), because asking ICU costs a
 * microsecond and a file asks a million times.
 */
export class ZoneClock {
  readonly name: string;
  readonly #zone: IANAZone;
  readonly #offsets = new Map<number, number>();

  /** `name` is a zone the catalogue has checked. */
  constructor(name: string) {
    this.name = name;
    this.#zone = IANAZone.create(name);
  }

  /** `wall`: the wall-clock fields read as if they were UTC, in milliseconds. */
  place(wall: number): Placed {
    const before = this.#offset(wall - day);
    const after = this.#offset(wall + day);
    if (before === after && this.#offset(wall - before) === before) {
      return { instant: wall - before, ambiguous: false, skipped: false };
    }
    const early = wall - before;
    const late = wall - after;
    const earlyHolds = this.#offset(early) === before;
    const lateHolds = this.#offset(late) === after;
    if (earlyHolds && lateHolds) {
      return { instant: Math.min(early, late), ambiguous: early !== late, skipped: false };
    }
    if (earlyHolds || lateHolds) {
      return { instant: earlyHolds ? early : late, ambiguous: false, skipped: false };
    }
    return { instant: early, ambiguous: false, skipped: true };
  }

  /** Milliseconds the zone is ahead of UTC at an instant. */
  #offset(instant: number): number {
    const quarter = Math.floor(instant / quarterHour);
    const known = this.#offsets.get(quarter);
    if (known !== undefined) {
      return known;
    }
    const offset = this.#zone.offset(quarter * quarterHour) * minute;
    if (this.#offsets.size >= 200_000) {
      this.#offsets.clear();
    }
    this.#offsets.set(quarter, offset);
    return offset;
  }
}
