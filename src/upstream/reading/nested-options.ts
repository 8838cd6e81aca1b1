import type { EntitySet, NavigationProperty } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';
import { readArray, readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import type { Restriction, Selection } from '../../plan/model/read-plan.ts';
import { wholeSet } from '../../plan/model/restricted-set.ts';
import { isRefusedForm } from '../client/upstream-fault.ts';
import type { UpstreamPlan, UpstreamReadOptions } from '../upstream.ts';
import { encodeOption } from '../url/compile-url.ts';
import { withRowConditions } from '../url/row-conditions.ts';
import { upstreamHasNavigation, upstreamPropertyName, upstreamSetName } from '../url/upstream-map.ts';
import { readPages } from './pages.ts';
import type { ReplyContext } from './reply-context.ts';

/** Options inside of `$expand` whose being passed over cannot be seen from the rows. */
type NestedOption = '$filter' | '$orderby' | '$skip';

/** Rows that lead to others, among which some are looked for that lead to two. */
const parents = 50;
/** More than any row leads to. */
const allOfThem = 1_000_000_000;
/** Milliseconds until a feed is tried again: it may have been changed. */
const longest = 24 * 3_600_000;

/** Whether the feed does what an option says. */
type Verdict = 'done' | 'passed over';

/**
 * What a feed does with options inside of `$expand`. Services should refuse what they do not know (Protocol 11.2.1); some read
 * `$expand` as a list of names and send all rows, in any order. So each option is tried once a day for each navigation before
 * rows are asked for with it: with rows known to be there, of which none may come, or which have to come the other way round.
 */
export class NestedOptions {
  readonly #now: () => number;
  /** By `Set/Navigation $option`. */
  readonly #known = new Map<string, { readonly verdict: Verdict; readonly at: number }>();

  /** `now`: milliseconds of a clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The feed is another one now. */
  clear(): void {
    this.#known.clear();
  }

  /**
   * Throws GatewayError NotImplemented where a plan has options inside of `$expand` that the feed passes over, or does not show to
   * do: its rows are to be worked out here.
   */
  async check(plan: UpstreamPlan, options: UpstreamReadOptions, context: ReplyContext): Promise<void> {
    if ((plan.kind !== 'Collection' && plan.kind !== 'Entity') || plan.selection.expands.length === 0) {
      return;
    }
    const woven = withRowConditions(plan);
    if (woven.kind === 'Collection' || woven.kind === 'Entity') {
      await this.#checkSelection(woven.selection, options, context);
    }
  }

  async #checkSelection(selection: Selection, options: UpstreamReadOptions, context: ReplyContext): Promise<void> {
    for (const { navigation, restriction, selection: led } of selection.expands) {
      const wanted = navigation.collection ? optionsIn(restriction) : [];
      if (wanted.length > 0 && upstreamHasNavigation(context.map, selection.set, navigation)) {
        await this.#checkExpand({ from: wholeSet(selection.set), navigation, to: wholeSet(led.set) }, wanted, {
          options,
          context,
        });
      }
      await this.#checkSelection(led, options, context);
    }
  }

  async #checkExpand(expand: Expand, wanted: readonly NestedOption[], place: Place): Promise<void> {
    const nameOf = (option: NestedOption): string => `${expand.from.name}/${expand.navigation.name} ${option}`;
    const verdictOf = (option: NestedOption): Verdict | undefined => {
      const known = this.#known.get(nameOf(option));
      return known === undefined || Math.abs(this.#now() - known.at) > longest ? undefined : known.verdict;
    };
    const untried = wanted.filter((option) => verdictOf(option) === undefined);
    const found = untried.length === 0 ? new Map<NestedOption, Verdict>() : await tried(expand, untried, place);
    if (found === 'no rows') {
      return;
    }
    for (const [option, verdict] of found) {
      this.#known.set(nameOf(option), { verdict, at: this.#now() });
    }
    const undone = wanted.find((option) => verdictOf(option) !== 'done');
    if (undone !== undefined) {
      throw new GatewayError(
        'NotImplemented',
        `The proxied feed ${place.context.map.source} does not do what ${undone} inside of $expand=${expand.navigation.name} says.`,
        { feature: 'proxied', target: undone },
      );
    }
  }
}

interface Expand {
  readonly from: EntitySet;
  readonly navigation: NavigationProperty;
  readonly to: EntitySet;
}

interface Place {
  readonly options: UpstreamReadOptions;
  readonly context: ReplyContext;
}

const optionsIn = ({ filter, orderby, skip }: Restriction): readonly NestedOption[] => [
  ...(filter === null ? [] : (['$filter'] as const)),
  ...(orderby.length === 0 ? [] : (['$orderby'] as const)),
  ...(skip === null || skip === 0 ? [] : (['$skip'] as const)),
];

/** What the feed does with each option, as far as its rows show it. `no rows`: there are none that an option could be wrong about. */
async function tried(
  expand: Expand,
  options: readonly NestedOption[],
  place: Place,
): Promise<ReadonlyMap<NestedOption, Verdict> | 'no rows'> {
  const keys = expand.to.entityType.key.flatMap((name) => {
    const property = expand.to.entityType.properties.get(name);
    return property === undefined ? [] : [upstreamPropertyName(property)];
  });
  const orders = options.includes('$orderby');
  const ascending = orders ? [`$orderby=${keys.join(',')}`] : [];
  const led = await ledRows(expand, [...ascending, '$top=2'], place);
  if (led === null) {
    return new Map();
  }
  if (led.length === 0) {
    return 'no rows';
  }
  const verdicts = new Map<NestedOption, Verdict>();
  if (led.every((rows) => rows.length === 0)) {
    return verdicts;
  }
  const noneLeft = async (option: '$filter' | '$skip', text: string): Promise<void> => {
    const left = await ledRows(expand, [text], place);
    if (left !== null && left.length === led.length) {
      verdicts.set(option, left.every((rows) => rows.length === 0) ? 'done' : 'passed over');
    }
  };
  if (options.includes('$filter')) {
    await noneLeft('$filter', `$filter=${keys[0] ?? ''} eq null`);
  }
  if (options.includes('$skip')) {
    await noneLeft('$skip', `$skip=${allOfThem}`);
  }
  const [first, second] = led.find(([one, other]) => other !== undefined && one !== other) ?? [];
  if (orders && first !== undefined && second !== undefined) {
    const descending = await ledRows(
      expand,
      [`$orderby=${keys.map((key) => `${key} desc`).join(',')}`, '$top=2'],
      place,
    );
    if (descending !== null && descending.length === led.length) {
      const turned = descending.some(([one], at) => one !== led[at]?.[0]);
      verdicts.set('$orderby', turned ? 'done' : 'passed over');
    }
  }
  return verdicts;
}

/** For some rows that lead to others, the keys of those, as the feed writes them; null: it refuses such a request. */
async function ledRows(
  expand: Expand,
  nested: readonly string[],
  { options, context }: Place,
): Promise<readonly (readonly string[])[] | null> {
  const { from, navigation, to } = expand;
  const { map } = context;
  const selected = ({ entityType }: EntitySet): string =>
    entityType.key
      .flatMap((name) => entityType.properties.get(name) ?? [])
      .map(upstreamPropertyName)
      .join(',');
  const [fromNames, toNames] = [ownNames(from.entityType), ownNames(to.entityType)];
  const keysOf = (raw: string): string => {
    const members = toNames(readObject(raw));
    return to.entityType.key.map((name) => members.get(name) ?? '').join();
  };
  const ask = async (filter: readonly string[]): Promise<readonly (readonly string[])[] | null> => {
    const query = [
      `$select=${selected(from)}`,
      ...filter,
      `$top=${Math.min(parents, map.maxTop ?? parents)}`,
      `$expand=${navigation.name}(${[`$select=${selected(to)}`, ...nested].join(';')})`,
    ];
    const texts = query.map((option) => {
      const at = option.indexOf('=');
      return `${option.slice(0, at)}=${encodeOption(option.slice(at + 1))}`;
    });
    const found: string[][] = [];
    try {
      const path = `${encodeURIComponent(upstreamSetName(map, from))}?${texts.join('&')}`;
      for await (const { raw } of readPages(path, options, context)) {
        found.push(readArray(fromNames(readObject(raw)).get(navigation.name) ?? '[]').map(keysOf));
        if (found.length === parents) {
          break;
        }
      }
    } catch (error) {
      if (isRefusedForm(error)) {
        return null;
      }
      throw error;
    }
    return found;
  };
  return (await ask([`$filter=${navigation.name}/any()`])) ?? ask([]);
}
