import { keyProperties } from '../../edm/key-properties.ts';
import { readObject } from '../../json/reading/json-scan.ts';
import { ownNames } from '../../json/reading/own-names.ts';
import { joinedBy } from '../../plan/logic/condition.ts';
import { keyedCondition } from '../../plan/logic/keyed-condition.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { keeping } from '../texts/exact-rows.ts';
import type { ComparedAs, Comparing, TextUse } from '../texts/text-uses.ts';
import { filterText } from '../url/compile-url.ts';
import { upstreamPropertyName } from '../url/upstream-map.ts';
import { pathOf, selecting } from './both-ends.ts';
import { fitness, sampleOf, type TextKind, type TextSample } from './text-samples.ts';
import { mostAsked, rowsAt, type TrialPlace, valuesOf } from './trial-rows.ts';

/** How a feed compares texts of a property in one way. */
export interface TextFinding {
  readonly comparedAs: ComparedAs;
  /** What it overlooks, or has of its own; empty where it compares as it is done here. */
  readonly kinds: readonly TextKind[];
}

const notShown: TextFinding = { comparedAs: 'not shown', kinds: [] };

type Property = Pick<TextUse, 'set' | 'property'>;

/** A row of the feed with a text. */
interface KnownRow {
  readonly key: readonly string[];
  readonly text: string;
}

/**
 * How a feed compares texts of a property, as far as a row shows it that has one: by conditions that hold for near texts alone (`SALES` where it has `Sales`),
 * under which that row may not come, and by one that holds for its own, under which it has to. Ways that are missing in what is given have no row
 * that could show them: there are no texts.
 */
export async function triedTexts(
  of: Property,
  hows: readonly Comparing[],
  place: TrialPlace,
): Promise<ReadonlyMap<Comparing, TextFinding>> {
  const rows = await knownRows(of, place);
  const found = new Map<Comparing, TextFinding>();
  for (const how of rows?.length === 0 ? [] : hows) {
    found.set(how, await triedBy(of, how, { rows: rows ?? [], place }));
  }
  return found;
}

async function triedBy(
  of: Property,
  how: Comparing,
  { rows, place }: { readonly rows: readonly KnownRow[]; readonly place: TrialPlace },
): Promise<TextFinding> {
  for (const row of rows) {
    const sample = sampleOf(of, how, row.text);
    if (sample !== null) {
      return shownBy(sample, { of, row, place });
    }
  }
  return notShown;
}

interface Asked {
  readonly of: Property;
  readonly row: KnownRow;
  readonly place: TrialPlace;
}

async function shownBy({ own, untrue }: TextSample, asked: Asked): Promise<TextFinding> {
  const any = await comesBy(joinedBy('or', [...untrue.values()]), asked);
  if (any === 'refused') {
    return notShown;
  }
  if (any === 'untrue') {
    const kinds: TextKind[] = [];
    for (const [kind, condition] of untrue) {
      if ((await comesBy(condition, asked)) === 'untrue') {
        kinds.push(kind);
      }
    }
    return { comparedAs: 'otherwise', kinds };
  }
  return (await comesBy(own, asked)) === 'true' ? { comparedAs: 'here', kinds: [] } : notShown;
}

/** Whether rows come for which a condition holds, or one for which it does not. */
async function comesBy(
  condition: BoundExpression,
  { of, row, place }: Asked,
): Promise<'untrue' | 'true' | 'none' | 'refused'> {
  const { set } = of;
  const keyed = keyedCondition({ set, properties: keyProperties(set.entityType), keys: [row.key] }, condition);
  const filter = `$filter=${filterText(keyed, { ...place.context.map, lists: 'or' })}`;
  const rows = await rowsAt(pathOf(set, place), [selectingOf(of), filter, '$top=2'], place);
  if (rows === null) {
    return 'refused';
  }
  const holds = keeping(set.entityType, [condition]);
  return rows.length === 0 ? 'none' : rows.every(holds) ? 'true' : 'untrue';
}

const selectingOf = ({ set, property }: Property): string =>
  selecting([...new Set([...keyProperties(set.entityType), property])]);

/** Rows with texts, those that can show most first. null: the feed refuses to give any. */
async function knownRows(of: Property, place: TrialPlace): Promise<readonly KnownRow[] | null> {
  const name = upstreamPropertyName(of.property);
  const some = (await rowsWith(of, [`$filter=${name} ne null`], place)) ?? (await rowsWith(of, [], place));
  const isPoor = some !== null && some.length > 0 && !some.some(({ text }) => fitness(text) > 0);
  // Numbers may come first.
  const more = isPoor ? await rowsWith(of, [`$filter=${name} gt 'A'`], place) : null;
  return [...(some ?? []), ...(more ?? [])].toSorted((a, b) => fitness(b.text) - fitness(a.text));
}

async function rowsWith(
  of: Property,
  filter: readonly string[],
  place: TrialPlace,
): Promise<readonly KnownRow[] | null> {
  const { set, property } = of;
  const own = ownNames(set.entityType);
  const [keyIn, textIn] = [valuesOf(keyProperties(set.entityType)), valuesOf([property])];
  const rows = await rowsAt(pathOf(set, place), [selectingOf(of), ...filter, `$top=${mostAsked(place)}`], place);
  return (
    rows?.flatMap((raw) => {
      const members = own(readObject(raw));
      const [key, text] = [keyIn(members), textIn(members)?.[0]];
      return key === null || text === undefined || text === '' ? [] : [{ key, text }];
    }) ?? null
  );
}
