import type { Catalogue, Source, UpstreamSettings } from '../../catalogue/catalogue.ts';
import { mergeUpstreamModel } from '../../catalogue/compile/upstream/merge-upstream-model.ts';
import type { Environment } from '../../config.ts';
import { checkModel } from '../../edm/check-model.ts';
import { unobserved } from '../../observation/observe.ts';
import { upstreamClient } from '../../upstream/client/upstream-client.ts';
import { fetchMetadata } from '../../upstream/fetch-metadata.ts';
import { checkSignIn } from '../../upstream/sign-in/check-sign-in.ts';
import { nowhere } from '../../upstream/sign-in/lasting-sign-in.ts';
import { openSignIn, type SignInContext } from '../../upstream/sign-in/open-sign-in.ts';
import type { SignInStore } from '../../upstream/sign-in/sign-in-store.ts';
import { realTime } from '../../upstream/sign-in/time-source.ts';
import { findingsOfRows } from './check-upstream-rows.ts';

/** What `gateway check` has to say of one proxied source. */
export interface UpstreamFindings {
  readonly lines: readonly string[];
  /** Faults for which the feed's model would not be served, and of rows where these were asked for. */
  readonly faults: number;
}

export interface CheckContext {
  readonly catalogue: Catalogue;
  readonly environment: Environment;
  /** What sign-ins are sealed with. */
  readonly secrets: readonly string[];
  readonly store: SignInStore | null;
  /** Each set is asked for a row, and a feed that does not answer is a fault. */
  readonly asksRows?: boolean;
}

/**
 * Asks a proxied feed for its `$metadata` now and tells, set by set, what is served as what, and every difference from the
 * documents. A feed that cannot be reached is told, and is no fault unless rows are asked for: `serve` starts without it too. Keeps nothing. `store` null: the database is not asked, so
 * where a person has to sign in only the settings of that are looked at.
 */
export async function checkUpstream(
  source: Source,
  { catalogue, environment, secrets, store, asksRows = false }: CheckContext,
): Promise<UpstreamFindings> {
  const { upstream } = source;
  if (upstream === undefined) {
    return { lines: [], faults: 0 };
  }
  if (upstream.url === null) {
    const variable = upstream.urlVariable === null ? '' : ` (${upstream.urlVariable})`;
    return { lines: [`${source.title}: no URL is set${variable}`], faults: 0 };
  }
  const keeping = { store: store ?? nowhere.store, secrets };
  const context = { source: source.name, environment, time: realTime, keeping };
  const lasts = upstream.signIn.kind === 'device-code' || upstream.signIn.kind === 'refresh-token';
  const { faults: unfit, notes } = await checkSignIn(upstream.signIn, context, lasts ? 'settings' : 'all');
  const told = [
    ...unfit.map((fault) => `${source.title}: fault: ${fault}`),
    ...notes.map((note) => `warning: ${source.title}: ${note}`),
    ...unencrypted(source),
  ];
  if (unfit.length > 0) {
    return { lines: told, faults: unfit.length };
  }
  if (upstream.signIn.kind === 'caller') {
    const note = `${source.title}: it is asked with the token of whoever reads, so its model is read when somebody comes`;
    return { lines: [...told, note], faults: 0 };
  }
  if (lasts && store === null) {
    const note = `${source.title}: a person signs in there; "gateway status" says whether somebody has, "gateway connect ${source.name}" does it`;
    return { lines: [...told, note], faults: 0 };
  }
  const { lines, faults } = await askForModel(catalogue, { ...source, upstream }, { ...context, asksRows });
  return { lines: [...told, ...lines], faults };
}

/** What is signed in with can be read by whoever stands in between. */
function unencrypted({ title, upstream }: Source): readonly string[] {
  const isOpen = /^http:\/\/(?!(127\.0\.0\.1|localhost|\[::1\])[:/])/.test(upstream?.url ?? '');
  return isOpen && upstream?.signIn.kind !== 'none'
    ? [`warning: ${title}: its URL is http, so what the gateway signs in with can be read on its way`]
    : [];
}

async function askForModel(
  catalogue: Catalogue,
  source: Source & { readonly upstream: UpstreamSettings },
  { asksRows, ...context }: Omit<SignInContext, 'observe'> & { readonly asksRows: boolean },
): Promise<UpstreamFindings> {
  const signIn = openSignIn(source.upstream.signIn, { ...context, observe: unobserved });
  const client = upstreamClient(source.name, source.upstream, signIn);
  try {
    const { read } = await fetchMetadata(source.name, client);
    const merged = mergeUpstreamModel(catalogue, source.name, read.model);
    const mapping = [...merged.catalogue.sets.values()].flatMap((set) =>
      set.kind === 'upstream' && set.source === source.name ? [`  ${set.name} is ${set.upstreamName ?? '?'}`] : [],
    );
    const differences = merged.differences.map(({ set, message }) => `  ${set}: ${message}`);
    const dropped = read.dropped.map(({ path, reason }) => `  ${path} is not served: ${reason}.`);
    const { maxUrlLength } = source.upstream;
    const asked = { source: source.name, client, read, catalogue: merged.catalogue, maxUrlLength };
    const unserved = checkModel(merged.catalogue.model).map(({ path, message }) => `${path} ${message}`);
    const rows = asksRows && unserved.length === 0 ? await findingsOfRows(asked) : { faults: [], notes: [] };
    const faults = [...unserved, ...rows.faults].map((fault) => `  fault: ${fault}`);
    const notes = rows.notes.map((note) => `  ${note}`);
    const count = differences.length + dropped.length;
    const head = `${source.title}: ${mapping.length} sets at ${client.root.href}, ${count} differences from the documents`;
    return { lines: [head, ...mapping, ...differences, ...dropped, ...notes, ...faults], faults: faults.length };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      lines: [`${source.title}: ${reason} The documented model is served until it answers.`],
      faults: Number(asksRows),
    };
  } finally {
    client.close();
    await signIn.close();
  }
}
