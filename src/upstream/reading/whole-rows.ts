import type { EntitySet, EntityType, Property } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { collectionOf, noRestriction, onlyProperties, rowsOfSet } from '../../plan/model/make.ts';
import { isDown } from '../is-down.ts';
import { keptEntries, type Remembered } from '../trial-memory.ts';
import type { UpstreamPlan } from '../upstream.ts';
import { compileUpstreamUrl } from '../url/compile-url.ts';
import { upstreamPropertyName, upstreamType } from '../url/upstream-map.ts';
import type { ReplyContext } from './reply-context.ts';
import { keyOf, mostAsked, rowsAt, type TrialPlace } from './trial-rows.ts';

/** Milliseconds until a feed is tried again: it may have been changed. */
const longest = 24 * 3_600_000;
/** Rows of one reply from which on it matters what each of them costs the feed. */
const manyRows = 1000;

/**
 * Sets of which a feed is asked for whole rows without `$select`: naming all properties costs some feeds a third more time
 * (Microsoft.AspNetCore.OData makes an object of each row then). What comes without it is the feed's choice (Protocol 11.2.4.1 lets a service
 * leave out what it likes), so it has to show once a day that it sends the same; only sets of which many rows came are tried.
 */
export class WholeRows implements Remembered {
  readonly #now: () => number;
  readonly #onChange: () => void;
  readonly #large = new Set<string>();
  readonly #known = new Map<string, { readonly isWhole: boolean; readonly at: number }>();

  /** `now`: milliseconds of a clock. `onChange`: told when something was found out. */
  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  clear(): void {
    this.#known.clear();
  }

  kept(): unknown {
    return [...this.#known];
  }

  restore(kept: unknown): void {
    for (const [name, { isWhole, at }] of keptEntries(kept)) {
      if (typeof isWhole === 'boolean' && typeof at === 'number') {
        this.#known.set(name, { isWhole, at });
      }
    }
  }

  /** So many rows of a set came in one reply. */
  noteRows(set: string, rows: number): void {
    if (rows >= manyRows) {
      this.#large.add(set);
    }
  }

  /** Our names of the sets whose rows come whole. A read keeps to what it got here: what it asked for decides what it has to look at. */
  names(): ReadonlySet<string> {
    return new Set(
      [...this.#known].filter(([name, { isWhole }]) => isWhole && this.#isKnown(name)).map(([name]) => name),
    );
  }

  /** A row of a set came without a property: from now on they are named, until the next trial. */
  disprove(set: string): void {
    this.#found(set, false);
  }

  /**
   * Tries the set of a plan that asks for many whole rows, unless it was tried today. A trial that fails leaves the way of asking as it is.
   * Throws what a feed that is down makes of any request.
   */
  async check(plan: UpstreamPlan, place: TrialPlace): Promise<void> {
    const set = manyRowsOf(plan, place.context.map);
    if (set === null || !this.#large.has(set.name) || this.#isKnown(set.name)) {
      return;
    }
    try {
      const isWhole = await sendsWhole(set, place);
      this.#found(set.name, isWhole);
    } catch (error) {
      // A feed that is down would not give the rows either; whatever else is wrong, they are asked for as before.
      if (isDown(error) || !(error instanceof GatewayError)) {
        throw error;
      }
    }
  }

  #found(name: string, isWhole: boolean): void {
    this.#known.set(name, { isWhole, at: this.#now() });
    this.#onChange();
  }

  #isKnown(name: string): boolean {
    const known = this.#known.get(name);
    return known !== undefined && Math.abs(this.#now() - known.at) <= longest;
  }
}

/** The set of which a plan asks for many rows, with all properties that the feed has and nothing else; null: it asks for something else. */
function manyRowsOf(plan: UpstreamPlan, map: ReplyContext['map']): EntitySet | null {
  if (plan.kind !== 'Collection' || plan.source.kind !== 'Set' || plan.references) {
    return null;
  }
  const { set } = plan.source;
  const { properties } = set.entityType;
  const { top } = plan.restriction;
  const isMany = top === null || top >= manyRows;
  const isAll = plan.selection.expands.length === 0 && plan.selection.properties.length === properties.size;
  // A property that is not served is not asked for either.
  return isMany && isAll && upstreamType(map, set)?.properties.size === properties.size ? set : null;
}

/** Whether rows of a plan are asked for without `$select` because the feed has shown that they come whole. */
export function asksWhole(plan: UpstreamPlan, { map }: Pick<ReplyContext, 'map'>): boolean {
  const set = manyRowsOf(plan, map);
  return set !== null && map.whole?.has(set.name) === true;
}

/** Whether a row has every property of its set. */
export const isWholeRow = (raw: string, { entityType }: EntitySet): boolean =>
  hasAll(ownNames(entityType)(readObject(raw)), entityType);

const hasAll = (members: ReadonlyMap<string, string>, { properties }: EntityType): boolean =>
  [...properties.keys()].every((name) => members.has(name));

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
