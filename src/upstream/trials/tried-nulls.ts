import { GatewayError } from '../../errors.ts';
import { isNeverNull } from '../../plan/logic/never-null.ts';
import type { BoundExpression, OrderKey, Restriction, Selection } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';
import { isDown } from '../is-down.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import type { AskedExpand, TriedBefore, UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { orderedName } from '../url/upstream-map.ts';
import { AgedFindings, type FindingPlaces } from './aged-findings.ts';
import { type NullOrder, type OrderedBy, triedNullOrder } from './null-orders.ts';
import { SharedWork } from './shared-work.ts';
import { isUnshown, unshown } from './trial-findings.ts';
import type { Remembered } from './trial-memory.ts';
import type { TrialPlace } from './trial-rows.ts';

/** Milliseconds until it is tried again. */
const longest: Readonly<Record<NullOrder, number>> = {
  least: 24 * 3_600_000,
  said: 24 * 3_600_000,
  elsewhere: 24 * 3_600_000,
  'not shown': 600_000,
};

interface Known {
  readonly nulls: NullOrder;
}

/** Where a feed puts rows without a value, for each property that rows are put in order by: databases have them first or last. */
export class TriedNulls {
  readonly #source: string;
  readonly #isTried: boolean;
  readonly #running = new SharedWork<NullOrder>();
  readonly #known: AgedFindings<Known>;

  /** `isTried`: false where it is known that they come first. */
  constructor(source: string, places: FindingPlaces, isTried: boolean) {
    this.#source = source;
    this.#isTried = isTried;
    this.#known = new AgedFindings<Known>(
      {
        longest: ({ nulls }) => longest[nulls],
        isForAll: ({ nulls }) => nulls !== 'not shown',
        understood: ({ nulls }) => (isNullOrder(nulls) ? { nulls } : null),
      },
      places,
    );
  }

  /** What of it outlives a restart. */
  get remembered(): Remembered {
    return this.#known;
  }

  /** Names of the properties of which a feed has to be told that rows without a value come first. */
  said(): ReadonlySet<string> {
    return new Set(this.#known.entries().flatMap(([name, { nulls }]) => (nulls === 'said' ? [name] : [])));
  }

  /** Tries what is not known. Throws GatewayError NotImplemented (`isUnshown`) where the rows would come in another order. */
  async check(plan: UpstreamPlan, place: TrialPlace): Promise<void> {
    await this.#check(ordersOf(plan), place);
  }

  /** Whether the rows of an `$expand` come in the order that is said inside of it. */
  async shows({ expand }: AskedExpand, options: UpstreamReadOptions, context: ReplyContext): Promise<boolean> {
    try {
      await this.#check(keysOf(expand.restriction), { options, context });
      return true;
    } catch (error) {
      if (isUnshown(error)) {
        return false;
      }
      throw error;
    }
  }

  async #check(orders: readonly OrderKey[], place: TrialPlace): Promise<void> {
    const { caller } = place.context;
    for (const { expression } of this.#isTried ? orders : []) {
      for (const by of nullablesIn(expression)) {
        const nulls = await this.#nullsOf(by, caller, place);
        if (nulls === 'elsewhere' || (nulls === 'said' && expression.kind !== 'PropertyValue')) {
          const what = `${by.property.name} of ${by.set.name}`;
          throw unshown(`The proxied feed ${this.#source} puts rows without ${what} in another place.`, '$orderby');
        }
      }
    }
  }

  told(plan: UpstreamPlan): readonly TriedBefore[] {
    const all = this.#isTried ? ordersOf(plan).flatMap(({ expression }) => nullablesIn(expression)) : [];
    return [...new Map(all.map((by) => [orderedName(by), by])).values()].map((by) => {
      const { set, property } = by;
      const known = this.#known.get(orderedName(by), undefined);
      const { nulls = null, isOver = true } = known ?? {};
      const verdict = nulls === 'least' || nulls === 'said' ? 'done' : nulls === 'elsewhere' ? 'passed over' : nulls;
      const at = known === undefined ? null : new Date(known.at);
      return { where: set.name, option: `nulls first in $orderby=${property.name}`, verdict, at, isOver };
    });
  }

  async #nullsOf(by: OrderedBy, caller: string | undefined, place: TrialPlace): Promise<NullOrder> {
    const name = orderedName(by);
    const known = this.#known.get(name, caller);
    if (known?.isOver === false) {
      return known.nulls;
    }
    try {
      const work = () => triedNullOrder(by, place);
      const nulls = await this.#running.of(`${caller ?? ''} ${name}`, place.options.signal, work);
      this.#known.note(name, { nulls }, caller);
      return nulls;
    } catch (error) {
      // What it did the day before holds while it is down; what else is wrong is no matter of nulls.
      if (!(error instanceof GatewayError) || (isDown(error) && known === undefined)) {
        throw error;
      }
      return known?.nulls ?? 'not shown';
    }
  }
}

/** Keys of the rows of a plan and of those that they lead to, of which some may have no value. */
function ordersOf(plan: UpstreamPlan): readonly OrderKey[] {
  const own = plan.kind === 'Collection' ? keysOf(plan.restriction) : [];
  return plan.kind === 'Collection' || plan.kind === 'Entity' ? [...own, ...ordersBelow(plan.selection)] : own;
}

const ordersBelow = ({ expands }: Selection): readonly OrderKey[] =>
  expands.flatMap(({ restriction, selection }) => [...keysOf(restriction), ...ordersBelow(selection)]);

const keysOf = ({ filter, orderby }: Restriction): readonly OrderKey[] =>
  orderby.filter(({ expression }) => !isNeverNull(expression, filter));

/** Properties that may have no value, on which an order depends. */
function nullablesIn(expression: BoundExpression): readonly OrderedBy[] {
  const found: OrderedBy[] = [];
  visitExpression(expression, {
    expression: (node) => {
      if (node.kind === 'PropertyValue' && node.property.nullable && !node.property.collection) {
        found.push({ set: node.row.steps.at(-1)?.set ?? node.row.variable.set, property: node.property });
      }
    },
  });
  return found;
}

const isNullOrder = (kept: unknown): kept is NullOrder => typeof kept === 'string' && Object.hasOwn(longest, kept);
