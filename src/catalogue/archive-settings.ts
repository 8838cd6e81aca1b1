import type { PersonalData } from '../edm/model.ts';
import type { PersonalPolicy } from './personal-data.ts';
import type { KeptFor } from './retention.ts';

/** How the rows of a proxied set are kept in PostgreSQL, and what is served of them; see docs/archive.md. */
export interface ArchiveSettings {
  /** Property with the point in time, in UTC, by which rows are copied; null: none is known, so the set is compared whole. */
  readonly by: string | null;
  /** Seconds before the newest copied row that each copy looks at again. */
  readonly overlapSeconds: number;
  /** `live`: the feed, the archive is only kept; `archive`: what was copied; `both`: the archive, brought up to the feed when it is asked. */
  readonly serve: 'live' | 'archive' | 'both';
  /** Seconds after which a set without `by` is compared whole again. */
  readonly wholeEverySeconds: number;
  /** How long rows are kept, counted from `by`; null: for ever. Rows without a point in time stay. */
  readonly keep: KeptFor | null;
  readonly personal: ArchivePolicies;
  /** Seconds for which `both` takes a copy to be as new as the feed. */
  readonly freshSeconds: number;
}

/** What becomes of personal data before it is stored. */
export interface ArchivePolicies {
  /** Of properties that documents name, also of those that are kept. */
  readonly byProperty: ReadonlyMap<string, PersonalPolicy>;
  /** Of those that only the feed names; classes that are kept may be left out. */
  readonly byClass: ReadonlyMap<PersonalData, PersonalPolicy>;
  /** Properties that name something: hashed exactly as they are written. */
  readonly exact: ReadonlySet<string>;
}

/** Whether any of them is not kept. */
export const treatsAny = ({ byProperty, byClass }: ArchivePolicies): boolean =>
  [...byProperty.values(), ...byClass.values()].some((policy) => policy !== 'keep');

/** What holds for the sets of a source, unless one says otherwise. */
export interface SourceArchive {
  /** Cron expression in UTC for copying. */
  readonly schedule: string;
  /** Of sets that no document names; null: these are not kept. */
  readonly sets: ArchiveSettings | null;
}

export const spanPattern = /^([1-9]\d{0,3}) (minute|hour|day)s?$/;

const seconds = { minute: 60, hour: 3600, day: 86_400 } as const;

/** Seconds of a text such as `3 days`; null: it is none. */
export function spanSeconds(text: string): number | null {
  const [, count = '', unit = ''] = spanPattern.exec(text) ?? [];
  return count === '' ? null : Number(count) * seconds[unit as keyof typeof seconds];
}
