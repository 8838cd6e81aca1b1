import type { EntitySet, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../../plan/model/make.ts';
import { isDown } from '../is-down.ts';
import { hasAll, manyRows, manyRowsOf } from '../reading/asks-whole.ts';
import type { UpstreamPlan } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import { AgedFindings, type FindingPlaces } from './aged-findings.ts';
import type { Remembered } from './trial-memory.ts';
import { keyOf, mostAsked, rowsAt, type TrialPlace } from './trial-rows.ts';

/** Milliseconds until a feed is tried again: it may have been changed. */
const longest = 24 * 3_600_000;

/**
 * Sets of which a feed is asked for whole rows without `$select`: naming all properties costs some feeds a third more time
 * (Microsoft.AspNetCore.OData makes an object of each row then). What comes without it is the feed's choice (Protocol 11.2.4.1 lets a service
 * leave out what it likes), so it has to show once a day that it sends the same; only sets of which many rows came are tried.
 */
export class WholeRows {
  readonly #large = new Set<string>();
  readonly #known: AgedFindings<{ readonly isWhole: boolean }>;

  /** `onChange`: told when something was found out. */
  constructor({ now, onChange }: FindingPlaces) {
    this.#known = new AgedFindings(
      {
        longest: () => longest,
        isForAll: () => true,
        understood: ({ isWhole }) => (typeof isWhole === 'boolean' ? { isWhole } : null),
      },
      { now, onChange },
    );
  }

  /** What of it outlives a restart. */
  get remembered(): Remembered {
    return this.#known;
  }

  /** So many rows of a set came in one reply. */
  noteRows(set: string, rows: number): void {
    if (rows >= manyRows) {
      this.#large.add(set);
    }
  }

  /** Our names of the sets whose rows come whole. A read keeps to what it got here: what it asked for decides what it has to look at. */
  names(): ReadonlySet<string> {
    return new Set(this.#known.current().flatMap(([name, { isWhole }]) => (isWhole ? [name] : [])));
  }

  /** A row of a set came without a property: from now on they are named, until the next trial. */
  disprove(set: string): void {
    this.#known.note(set, { isWhole: false }, undefined);
  }

  /**
   * Tries the set of a plan that asks for many whole rows, unless it was tried today. A trial that fails leaves the way of asking as it is.
   * Throws what a feed that is down makes of any request.
   */
  async check(plan: UpstreamPlan, place: TrialPlace): Promise<void> {
    const set = manyRowsOf(plan, place.context.map);
    if (set === null || !this.#large.has(set.name) || this.#known.get(set.name, undefined)?.isOver === false) {
      return;
    }
    try {
      const isWhole = await sendsWhole(set, place);
      this.#known.note(set.name, { isWhole }, undefined);
    } catch (error) {
      // A feed that is down would not give the rows either; whatever else is wrong, they are asked for as before.
      if (isDown(error) || !(error instanceof GatewayError)) {
        throw error;
      }
    }
  }
}

/** Whether some rows come with every property, and the same values, without `$select`. */
async function sendsWhole(set: EntitySet, place: TrialPlace): Promise<boolean> {
  const type = set.entityType;
  const rows = { source: rowsOfSet(set), selection: onlyProperties(set, []), restriction: noRestriction, pageSize: 1 };
  const { path } = compileUpstreamUrl(collectionOf(rows), place.context.map);
  const properties: readonly Property[] = [...type.properties.values()];
  const top = `$top=${mostAsked(place)}`;
  const named = await rowsAt(path, [`$select=${properties.map(upstreamPropertyName).join(',')}`, top], place);
  const unnamed = await rowsAt(path, [top], place);
  const identity = keyOf(type);
  const own = ownNames(type);
  const asked = new Map(named?.map((raw) => [identity(raw), own(readObject(raw))] as const));
  const both = (unnamed ?? []).map((raw) => [own(readObject(raw)), asked.get(identity(raw))] as const);
  return (
    both.some(([, other]) => other !== undefined) &&
    both.every(
      ([members, other]) =>
        hasAll(members, type) &&
        (other === undefined || properties.every(({ name }) => members.get(name) === other.get(name))),
    )
  );
}
