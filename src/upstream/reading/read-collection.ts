import { GatewayError } from '../../errors.ts';
import { PlainRows, type RowBlock } from '../../json/reading/plain-rows.ts';
import type { FollowNested, RowFormat } from '../../json/reading/row-text.ts';
import { referenceText, rowText } from '../../json/reading/row-text.ts';
import { countOf } from '../../plan/model/make.ts';
import { outageOf, refused } from '../client/upstream-fault.ts';
import type { ExactRows } from '../texts/exact-rows.ts';
import type { UpstreamPlan, UpstreamReadOptions, UpstreamReply } from '../upstream.ts';
import { continuedRequest, shortEnough } from './asked-request.ts';
import { asksWhole, isWholeRow } from './asks-whole.ts';
import { type NextPage, openNext, sealNext } from './next-token.ts';
import { beginTrail, follow } from './page-trail.ts';
import { acceptJson, contextIn, countIn, endless, followIn, nextIn, type OpenedPage, openPage, utf8 } from './pages.ts';
import { readCount } from './read-count.ts';
import type { ReplyContext } from './reply-context.ts';

export interface CollectionRead {
  readonly plan: UpstreamPlan & { kind: 'Collection' };
  readonly options: UpstreamReadOptions;
  readonly context: ReplyContext;
  /** How rows are written. */
  readonly format: RowFormat;
  /** `path?query` of the first page. */
  readonly request: string;
}

/**
 * One page of a collection, its first or the one that `$skiptoken` names. A page that breaks off before any of its rows was
 * given is asked for once more. No more rows are given than `$top` says, whatever the feed does with it, nor those that are not the exact ones. null: whole rows were asked for, and the
 * first of them lacks a property, as `onPartial` is told.
 */
export async function readCollection(read: CollectionRead): Promise<UpstreamReply | null> {
  const { options, context, format, request } = read;
  const { exactly } = context;
  const plan = exactly?.plan ?? read.plan;
  const { source } = context.map;
  const place = { secret: context.secret, source, request: continuedRequest(plan, options, context) };
  const continued = options.skipToken !== null;
  const asked: NextPage =
    options.skipToken === null
      ? { link: request, trail: beginTrail(request), left: plan.restriction.top, checks: exactly?.checks ?? [] }
      : openNext(options.skipToken, place);
  const keeps = keepingOf(asked, exactly);
  const { signal } = options;
  const open = () => openPage({ path: asked.link, accept: acceptJson, pageSize: plan.pageSize, signal }, context);
  const opened = await open();
  if (opened.kind === 'absent') {
    if (continued && opened.status !== 204) {
      throw new GatewayError('InvalidSkipToken', `The proxied feed ${source} no longer knows this page.`);
    }
    // A collection over a navigation of an entity that does not exist.
    if (plan.source.kind === 'Navigated') {
      return { kind: 'absent' };
    }
    throw refused(source, `has no ${plan.selection.set.name}`, opened.status);
  }
  if (!continued && asksWhole(read.plan, context)) {
    const first = await opened.envelope.first();
    if (first !== null && !isWholeRow(utf8(first), plan.selection.set)) {
      opened.body.discard();
      context.onPartial?.(plan.selection.set.name);
      return null;
    }
  }
  let page: OpenedPage = opened;
  /** `rows`: of this page, that were given. */
  const nextAfter = (rows: number): string | null => {
    const link = nextIn(page.envelope.members, page.body.url, context);
    const trail = link === null ? null : follow(asked.trail, asked.link, link);
    if (link !== null && trail === null) {
      throw refused(source, endless);
    }
    const left = asked.left === null ? null : asked.left - rows;
    return link === null || trail === null || left === 0
      ? null
      : sealNext({ link, trail, left, checks: asked.checks }, place);
  };
  // What stands before the rows can still be an error reply.
  try {
    nextAfter(0);
  } catch (error) {
    page.body.discard();
    throw error;
  }
  const text = (plan.references ? referenceText : rowText)(plan.selection, format);
  const nestedHere = (): FollowNested => followIn(options, context, contextIn(page.envelope.members));
  const row = (raw: Buffer, follow: FollowNested): Promise<string> => text(utf8(raw), follow);
  const wanted = plan.restriction.count && !continued;
  let given = 0;
  let complete = false;
  let counted: string | null = null;
  const ended = async (): Promise<void> => {
    if (given === asked.left) {
      // It may have more than it was asked for.
      page.body.discard();
    }
    if (wanted) {
      counted =
        countIn(page.envelope.members) ?? (await countApart(read, { rows: given, last: nextAfter(given) === null }));
    }
    context.onRows?.(plan.selection.set.name, given);
    complete = true;
  };
  /** The items of this page, and of the same one asked for again where it broke off before the first. */
  const begunAgain = async function* <Item>(items: () => AsyncIterable<Item>): AsyncGenerator<Item> {
    try {
      yield* items();
    } catch (error) {
      const again = given > 0 || outageOf(error)?.kind !== 'broken' ? null : await open();
      if (again === null || again.kind === 'absent') {
        throw error;
      }
      page = again;
      yield* items();
    }
    await ended();
  };
  const objects = async function* (): AsyncGenerator<string> {
    const nested = nestedHere();
    for await (const raw of page.envelope.rows) {
      if (given === asked.left) {
        return;
      }
      if (keeps?.(utf8(raw)) === false) {
        continue;
      }
      const object = await row(raw, nested);
      given += 1;
      yield object;
    }
  };
  const blocks = async function* (): AsyncGenerator<RowBlock> {
    const nested = nestedHere();
    const plain = new PlainRows(plan.selection, format, asked.left);
    for await (const block of page.envelope.written(plain, (raw) => row(raw, nested))) {
      given += block.rows;
      yield block;
    }
  };
  const isPlain = keeps === null && !plan.references && PlainRows.suits(plan.selection, format);
  const early = wanted ? countIn(page.envelope.members) : null;
  return {
    kind: 'collection',
    count: early,
    objects: begunAgain(objects),
    ...(isPlain ? { blocks: begunAgain(blocks) } : {}),
    discard: () => page.body.discard(),
    end() {
      if (!complete) {
        throw new TypeError('end() was asked before the last row');
      }
      return { count: early === null ? counted : null, next: nextAfter(given) };
    },
  };
}

/** Which rows of a page are given; null: all. */
function keepingOf({ checks }: NextPage, exactly: ExactRows | undefined): ((raw: string) => boolean) | null {
  if (checks.length > 0 && exactly === undefined) {
    throw new TypeError('rows are to be looked at again, and nobody says which they are');
  }
  return checks.length === 0 || exactly === undefined ? null : exactly.keeps(checks);
}

/** The count that a feed left out, as some do for none: the rows of its only page, else what `/$count` says. */
async function countApart(
  { plan, options, context }: CollectionRead,
  { rows, last }: { readonly rows: number; readonly last: boolean },
): Promise<string> {
  const { top, skip } = plan.restriction;
  const whole = last && (top === null || rows < top) && (rows > 0 || (skip ?? 0) === 0);
  if (whole) {
    return String(rows + (skip ?? 0));
  }
  const { source, selection, restriction, apply } = plan;
  const count = countOf({ source, set: selection.set, restriction, apply });
  const reply = await readCount(shortEnough(count, options, context), options, context);
  if (reply.kind !== 'count') {
    throw refused(context.map.source, 'left out the count that was asked for');
  }
  return reply.count;
}
