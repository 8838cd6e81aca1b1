import type { Property } from '../../edm/model.ts';
import { entityOf, onlyProperties } from '../../plan/model/make.ts';
import type { BoundExpression, RowSource, Selection } from '../../plan/model/read-plan.ts';
import { wholeSet } from '../../plan/model/restricted-set.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import type { WiderRows } from '../reading/fetch-by-keys.ts';
import { readUpstream } from '../reading/read-reply.ts';
import type { ReplyContext } from '../reading/reply-context.ts';
import {
  canBeChecked,
  checkedParts,
  type ExactRows,
  exactRowsOf,
  keeping,
  otherwiseIn,
  partsOf,
  widerFilter,
  widerPlan,
  withProperties,
} from '../texts/exact-rows.ts';
import { hasTextsOf } from '../texts/keyed-rows.ts';
import { isText, type KnownTexts, type TextUse, textUses } from '../texts/text-uses.ts';
import type { AskedExpand, KeyedRequest, TriedBefore, UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { conditionsOf, rowAsCollection, withRowConditions } from '../url/row-conditions.ts';
import { conditionsInside } from './asked-options.ts';
import { unshown } from './trial-findings.ts';
import type { TriedTexts } from './tried-texts.ts';

/** What a feed is asked for in place of a plan. `exactly`: which of the rows are given; absent: all. */
export interface AskedPlan {
  readonly plan: UpstreamPlan;
  readonly exactly?: ExactRows;
}

type Keyed = Extract<RowSource, { kind: 'Keyed' }>;

/**
 * Requests to a feed that may compare texts otherwise than PostgreSQL does: without letter case, without blanks at the end, as patterns. So it is tried how it
 * does. Where it overlooks something it is asked for rows all the same, for more of them, and each is looked at again here; what cannot be done so is worked
 * out with its rows. Where its rows do not show it, it is asked as it is.
 */
export class ComparedTexts {
  readonly #source: string;
  readonly #tried: TriedTexts;
  readonly #isTried: boolean;

  /** `isTried`: false where it is known that the feed compares as it is done here. */
  constructor(source: string, tried: TriedTexts, isTried: boolean) {
    this.#source = source;
    this.#tried = tried;
    this.#isTried = isTried;
  }

  /**
   * For a first page. `absent`: a row on the way has another key than the one that was asked for.
   * @throws GatewayError NotImplemented (`isUnshown`) where its rows are to be worked out here
   */
  async asked(plan: UpstreamPlan, options: UpstreamReadOptions, context: ReplyContext): Promise<AskedPlan | 'absent'> {
    const asked = this.#isTried ? textsOf(plan) : null;
    if (asked === null || asked.uses.length === 0) {
      return { plan };
    }
    const known = await this.#tried.settle(asked.uses, { options, context });
    for (const keyed of asked.keyed.filter((one) => keyUses(one).some(isOtherwiseIn(known)))) {
      if (!(await hasKey(keyed, options, context))) {
        return 'absent';
      }
    }
    return this.#wider(plan, asked, { known, rechecked: options.rechecked === true });
  }

  /** For the pages behind it: they say themselves whether their rows are looked at again. */
  continued(plan: UpstreamPlan): ExactRows | undefined {
    return plan.kind === 'Collection'
      ? exactRowsOf(plan.selection.set, conditionsOf(withRowConditions(plan)), { plan: null, checks: [] })
      : undefined;
  }

  /** The same of rows by key, whose texts are looked at anyhow. Throws as `asked` does. */
  async byKeys(
    request: Omit<KeyedRequest, 'keys'>,
    options: UpstreamReadOptions,
    context: ReplyContext,
  ): Promise<(keys: KeyedRequest['keys']) => WiderRows> {
    const { set, selection, restriction } = request;
    const conditions = conditionsInside({ restriction, selection: { set } });
    const beside = [...restriction.orderby.map(({ expression }) => expression), ...conditionsBelow(selection)];
    const all = this.#isTried ? [...conditions, ...beside].flatMap(textUses) : [];
    const known = all.length === 0 ? null : await this.#tried.settle(all, { options, context });
    if (known === null || !all.some(isOtherwiseIn(known))) {
      return (keys) => ({ request: { ...request, keys }, keeps: () => true });
    }
    const checked = checkedParts(partsOf(conditions), otherwiseIn(conditions, known));
    if (beside.flatMap(textUses).some(isOtherwiseIn(known)) || !(options.rechecked === true || canBeChecked(checked))) {
      throw this.#unshown(all, known);
    }
    const wider = {
      set: wholeSet(set),
      selection: withProperties({ ...selection, set: wholeSet(selection.set) }, checked),
      restriction: { ...restriction, filter: widerFilter(conditions, known) },
    };
    const keeps = options.rechecked === true ? () => true : keeping(set.entityType, checked);
    return (keys) => ({ request: { ...request, ...wider, keys }, keeps });
  }

  /** Whether an `$expand` may be left to the feed with what is said inside of it about texts. */
  async shows({ expand }: AskedExpand, options: UpstreamReadOptions, context: ReplyContext): Promise<boolean> {
    const uses = this.#isTried ? besideRows(expand).flatMap(textUses) : [];
    const known = uses.length === 0 ? null : await this.#tried.settle(uses, { options, context });
    return known === null || !uses.some(isOtherwiseIn(known));
  }

  /** What `asked` gives as far as it is remembered, for people. */
  remembered(plan: UpstreamPlan): UpstreamPlan {
    const asked = this.#isTried ? textsOf(plan) : null;
    const known = this.#tried.known(undefined);
    if (asked?.woven.kind !== 'Collection' || !asked.rows.flatMap(textUses).some(isOtherwiseIn(known))) {
      return plan;
    }
    const { restriction, ...wider } = widerPlan(asked.woven, known);
    return { ...wider, restriction: { ...restriction, top: null } };
  }

  told(plan: UpstreamPlan): readonly TriedBefore[] {
    return (this.#isTried ? textsOf(plan).uses : []).map((use) => this.#tried.told(use));
  }

  #wider(
    plan: UpstreamPlan,
    { woven, rows, beside, uses }: AskedTexts,
    { known, rechecked }: { readonly known: KnownTexts; readonly rechecked: boolean },
  ): AskedPlan {
    if (beside.flatMap(textUses).some(isOtherwiseIn(known))) {
      throw this.#unshown(uses, known);
    }
    const checks = otherwiseIn(rows, known);
    if (checks.length === 0) {
      return { plan };
    }
    if (woven.kind !== 'Collection' || plan.kind !== 'Collection') {
      throw this.#unshown(uses, known);
    }
    const { set } = plan.selection;
    const wider = widerPlan(woven, known);
    if (rechecked) {
      return { plan: wider, exactly: exactRowsOf(set, [], { plan, checks: [] }) };
    }
    const { count, skip } = plan.restriction;
    if (count || (skip ?? 0) > 0 || !canBeChecked(checkedParts(partsOf(rows), checks))) {
      throw this.#unshown(uses, known);
    }
    const asked = { ...wider, restriction: { ...wider.restriction, top: null } };
    return { plan: asked, exactly: exactRowsOf(set, rows, { plan, checks }) };
  }

  #unshown(uses: readonly TextUse[], known: KnownTexts) {
    const names = uses.filter(isOtherwiseIn(known)).map(({ set, property }) => `${property.name} of ${set.name}`);
    return unshown(
      `The proxied feed ${this.#source} compares texts in its own way: ${[...new Set(names)].join(', ')}.`,
      '$filter',
    );
  }
}

interface AskedTexts {
  /** With the row conditions of its sets as conditions of its own. */
  readonly woven: UpstreamPlan;
  /** All that its rows have to meet. */
  readonly rows: readonly BoundExpression[];
  /** What is said of orders, and of rows that they lead to. */
  readonly beside: readonly BoundExpression[];
  readonly keyed: readonly Keyed[];
  readonly uses: readonly TextUse[];
}

function textsOf(plan: UpstreamPlan): AskedTexts {
  const woven = withRowConditions(rowAsCollection(plan) ?? plan);
  const rows = conditionsOf(woven);
  const orders = woven.kind === 'Collection' ? woven.restriction.orderby.map(({ expression }) => expression) : [];
  const below = woven.kind === 'Collection' || woven.kind === 'Entity' ? conditionsBelow(woven.selection) : [];
  const beside = [...orders, ...below];
  const keyed = keyedIn(woven.source);
  return { woven, rows, beside, keyed, uses: [...[...rows, ...beside].flatMap(textUses), ...keyed.flatMap(keyUses)] };
}

const conditionsBelow = ({ expands }: Selection): readonly BoundExpression[] =>
  expands.flatMap((expand) => [...besideRows(expand), ...conditionsBelow(expand.selection)]);

const besideRows = (expand: AskedExpand['expand']): readonly BoundExpression[] => [
  ...conditionsInside(expand),
  ...expand.restriction.orderby.map(({ expression }) => expression),
];

const keyedIn = (source: RowSource): readonly Keyed[] =>
  source.kind === 'Set' ? [] : [...keyedIn(source.from), ...(source.kind === 'Keyed' ? [source] : [])];

const keyUses = (keyed: Keyed): readonly TextUse[] =>
  textsOfKey(keyed).map((property) => ({ set: sourceSet(keyed), property, how: 'eq' }));

const textsOfKey = ({ key }: Keyed): readonly Property[] =>
  key.flatMap(({ property }) => (isText(property) ? [property] : []));

const isOtherwiseIn =
  (known: KnownTexts) =>
  (use: TextUse): boolean =>
    known.comparedAs(use) === 'otherwise';

/** Whether the row by a key has the texts of this key. */
async function hasKey(keyed: Keyed, options: UpstreamReadOptions, context: ReplyContext): Promise<boolean> {
  const set = sourceSet(keyed);
  const properties = keyed.key.map(({ property }) => property);
  const plan = entityOf({ source: keyed, selection: onlyProperties(set, properties) });
  const reply = await readUpstream(plan, { ...options, metadata: 'none', omitNulls: false }, context);
  const isAsked = hasTextsOf({ set, properties }, [keyed.key.map(({ value }) => value.value ?? '')]);
  return reply.kind === 'entity' && isAsked(Buffer.from(reply.json).toString('utf8'));
}
