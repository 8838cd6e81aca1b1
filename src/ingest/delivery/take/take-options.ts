import type { LoadOptions } from '../../load/load-file.ts';
import type { MemberResult } from '../ingest-result.ts';

export interface TakeOptions extends LoadOptions {
  /** Folder in which members are unpacked, one after the other. Default: the system's for temporary files. */
  readonly spoolFolder?: string;
  /** What became of members of containers that wait; absent: nothing is remembered from one call to the next. */
  readonly settled?: SettledMembers;
}

/** What became of members of containers that could not be settled as a whole yet: these are taken once, however often their container comes. */
export class SettledMembers {
  readonly #results = new Map<string, Map<number, MemberResult>>();

  of(container: string): Map<number, MemberResult> {
    const there = this.#results.get(container) ?? new Map<number, MemberResult>();
    this.#results.set(container, there);
    return there;
  }

  forget(container: string): void {
    this.#results.delete(container);
  }
}
