import { GatewayError } from '../../errors.ts';
import type { AllPosition, CollectionPlan } from '../../plan/model/read-plan.ts';
import type { UpstreamReadOptions, UpstreamReply } from '../../upstream/upstream.ts';
import { connected, proxiedSource, type Sources } from '../federated/crossing.ts';
import type { AllPage } from './all-page.ts';
import { nameOf, startOf } from './parts.ts';

export interface ProxiedPlace {
  readonly sources: Sources;
  /** Without a token. */
  readonly options: UpstreamReadOptions;
}

const bufferedBytes = 64 * 1024;

/** Rows of proxied sets together, as their feeds count them. Throws what the feeds throw. */
export async function countProxied(parts: readonly CollectionPlan[], place: ProxiedPlace): Promise<bigint> {
  let total = 0n;
  for (const part of parts) {
    total += await rowsOf(part, place);
  }
  return total;
}

/**
 * Fills the page with one page of the feed: the first that has rows, from `after` or the first of the sets on. A feed may
 * give more rows than it was asked for; they are all given, save those that `$top` leaves out. Gives where the next page
 * begins; null: there is no further row.
 */
export async function writeProxied(
  parts: readonly CollectionPlan[],
  page: AllPage,
  place: ProxiedPlace & { readonly after: AllPosition | null },
): Promise<AllPosition | null> {
  for (const [index, part] of parts.entries()) {
    let token = place.after?.set === nameOf(part) ? place.after.token : null;
    do {
      if (!page.wantsMore) {
        return null;
      }
      if (page.skip > 0 && page.skipsWhole(Number(await rowsOf(part, place)))) {
        break;
      }
      token = await writePage(part, page, { ...place, token });
      const { remaining, written } = page;
      if (written > 0 && token !== null) {
        return { set: nameOf(part), rowId: null, token, remaining };
      }
      const following = parts[index + 1];
      if (written > 0) {
        return following === undefined || !page.wantsMore ? null : startOf(following, remaining);
      }
    } while (token !== null);
  }
  return null;
}

/** Gives the feed's token of its next page; null: the set has no further row that is wanted. */
async function writePage(
  part: CollectionPlan,
  page: AllPage,
  { sources, options, token }: ProxiedPlace & { readonly token: string | null },
): Promise<string | null> {
  const restriction = { ...part.restriction, top: page.remaining, skip: page.skip === 0 ? null : page.skip };
  page.skip = 0;
  const upstream = sourceOf(part, sources);
  const reply = await upstream.read({ ...part, restriction }, { ...options, skipToken: token });
  if (reply.kind !== 'collection') {
    throw notThere(part);
  }
  return (await writeObjects(reply, page)) ? reply.end().next : null;
}

/** False where rows were left out because `$top` wants no more. */
async function writeObjects(reply: UpstreamReply & { kind: 'collection' }, page: AllPage): Promise<boolean> {
  for await (const row of reply.objects) {
    const sink = page.open();
    sink.output.appendText(page.written === 0 ? row : `,${row}`);
    page.add(1);
    if (sink.output.position > bufferedBytes) {
      await sink.flush();
    }
    if (page.wantsMore) {
      continue;
    }
    reply.discard();
    return false;
  }
  return true;
}

async function rowsOf({ source, selection, restriction }: CollectionPlan, place: ProxiedPlace): Promise<bigint> {
  const { set } = selection;
  const plan = { kind: 'Count', source, set, restriction, apply: null } as const;
  const upstream = connected(place.sources, proxiedSource(place.sources, set) ?? set.name);
  const reply = await upstream.read(plan, place.options);
  if (reply.kind !== 'count') {
    throw new GatewayError('UpstreamRefused', `The feed does not count ${set.name}.`);
  }
  return BigInt(reply.count);
}

const sourceOf = (part: CollectionPlan, sources: Sources) =>
  connected(sources, proxiedSource(sources, part.selection.set) ?? nameOf(part));

const notThere = (part: CollectionPlan): GatewayError =>
  new GatewayError('UpstreamRefused', `The feed of ${nameOf(part)} does not answer with its rows.`);
