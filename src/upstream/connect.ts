import type { Catalogue, Source, UpstreamSettings } from '../catalogue/catalogue.ts';
import type { Environment } from '../catalogue/compile/documents/expand-environment.ts';
import type { EntitySet, NavigationProperty } from '../edm/model.ts';
import type { ReadMetadata } from '../edm/read-metadata.ts';
import type { UpstreamEvent } from '../observation/events/upstream.ts';
import { type Observe, unobserved } from '../observation/observe.ts';
import type { ExpandPlace } from '../plan/federate/placement.ts';
import { setsOf } from '../plan/model/sets.ts';
import { FeedAggregation } from './aggregated/feed-aggregation.ts';
import { callerClient } from './client/caller-client.ts';
import { type CopiedRead, CopiedReads } from './client/copied-reads.ts';
import type { Places } from './client/gated-client.ts';
import { patientClient } from './client/patient-client.ts';
import { timedClient } from './client/timed-client.ts';
import { toldClient } from './client/told-client.ts';
import { type UpstreamClient, type UpstreamRequest, upstreamClient } from './client/upstream-client.ts';
import { KnownLimits } from './known-limits.ts';
import { KnownMetadata } from './known-metadata.ts';
import { tokenSecret } from './metadata-copy.ts';
import { shortEnough } from './reading/asked-request.ts';
import { fetchByKeys, keyedPlan } from './reading/fetch-by-keys.ts';
import { readAsTaken } from './reading/read-as-taken.ts';
import { nowhere, type SignInKeeping } from './sign-in/lasting-sign-in.ts';
import { openSignIn } from './sign-in/open-sign-in.ts';
import type { UpstreamSignIn } from './sign-in/sign-in.ts';
import { realTime, type TimeSource } from './sign-in/time-source.ts';
import { type AskedPlan, ComparedTexts } from './trials/compared-texts.ts';
import { callerDigest } from './trials/own-findings.ts';
import { RefusedForms } from './trials/refused-forms.ts';
import { TrialFindings } from './trials/trial-findings.ts';
import { TrialMemory } from './trials/trial-memory.ts';
import { TriedNulls } from './trials/tried-nulls.ts';
import { TriedOptions } from './trials/tried-options.ts';
import { TriedTexts } from './trials/tried-texts.ts';
import { WholeRows } from './trials/whole-rows.ts';
import type {
  AskedExpand,
  KeyedRequest,
  TriedBefore,
  Upstream,
  UpstreamPlan,
  UpstreamReadOptions,
  UpstreamReply,
  UpstreamState,
} from './upstream.ts';
import { type UpstreamMap, upstreamHasNavigation } from './url/upstream-map.ts';

/** What a connection is made of. */
export interface Connection {
  /** A source of kind `odata` whose `upstream.url` is set. */
  readonly source: Source;
  readonly dataDir: string;
  /** The catalogue as served now; asked again for every request. */
  readonly catalogue: () => Catalogue;
  /**
   * Takes a newly read upstream model into the served catalogue and gives back the differences from the documents, one
   * sentence each. Throwing keeps the old model.
   */
  readonly adopt: (read: ReadMetadata) => readonly string[];
  /** Where secrets of the sign-in stand that the metadata names. Absent: it names none there. */
  readonly environment?: Environment;
  /** Where sign-ins of persons are kept. Absent: nowhere, so that there can be none. */
  readonly keeping?: SignInKeeping;
  /** When tokens are to be renewed, and for how long is waited. Absent: real time. */
  readonly time?: TimeSource;
  /** Who may ask at once. Absent: everybody. */
  readonly places?: Places;
  /** It is known that the feed does what options of its sets say, so that it need not show it. Absent: it has to. */
  readonly readsOptions?: boolean;
  /** From 0 to below 1, by chance. Absent: real chance. */
  readonly random?: () => number;
  /** Absent: nobody listens. */
  readonly observe?: Observe<UpstreamEvent>;
}

/**
 * Connects to a proxied feed: takes the last good `$metadata` from disk, asks for the present one, and goes on asking on
 * the source's schedule (UTC), and after a failure when its sets are asked for. Waits a few seconds at most and never fails
 * because the feed is down: its sets then stay in the model as last known.
 * @throws GatewayError UpstreamRefused when the URL is no http or https address.
 */
export async function connectUpstream(connection: Connection): Promise<Upstream> {
  const { source, dataDir } = connection;
  const settings = source.upstream;
  if (settings === undefined) {
    throw new TypeError(`${source.name} is not a proxied feed`);
  }
  const upstream = new ConnectedUpstream(connection, settings, await tokenSecret(dataDir));
  await upstream.begin();
  return upstream;
}

class ConnectedUpstream implements Upstream {
  readonly source: string;
  readonly aggregating: FeedAggregation;
  readonly #client: UpstreamClient;
  /** The same for requests that somebody waits for: patient, and one of a few at a time. */
  readonly #patient: UpstreamClient;
  readonly #signIn: UpstreamSignIn;
  readonly #connection: Connection;
  readonly #settings: UpstreamSettings;
  readonly #secret: Buffer;
  readonly #observe: Observe<UpstreamEvent>;
  readonly #limits: KnownLimits;
  readonly #metadata: KnownMetadata;
  #countsNested = false;
  readonly #copies: CopiedReads;
  readonly #refused: RefusedForms;
  readonly #tried: TriedOptions;
  readonly #texts: ComparedTexts;
  readonly #nulls: TriedNulls;
  readonly #memory: TrialMemory;
  readonly #whole: WholeRows;

  constructor(connection: Connection, settings: UpstreamSettings, secret: Buffer) {
    this.source = connection.source.name;
    this.#connection = connection;
    this.#settings = settings;
    this.#secret = secret;
    this.#observe = connection.observe ?? unobserved;
    const { environment = {}, time = realTime, keeping = nowhere } = connection;
    const context = { source: this.source, environment, time, keeping, observe: this.#observe };
    this.#signIn = openSignIn(settings.signIn, context);
    const onChange = (): void => this.#memory.changed();
    this.#refused = new RefusedForms(() => time.now(), onChange);
    const told = { now: () => time.now(), onChange };
    const findings = new TrialFindings(this.source, told);
    const ofSets = connection.readsOptions !== true;
    this.#tried = new TriedOptions(findings, { ofSets });
    this.#nulls = new TriedNulls(this.source, told, ofSets);
    const texts = new TriedTexts(this.source, { ...told, observe: this.#observe });
    this.#texts = new ComparedTexts(this.source, texts, ofSets);
    this.aggregating = new FeedAggregation(this.source, {
      ...{ ...told, observe: this.#observe },
      reached: (options) => this.#metadata.reached(options.caller ?? null),
      contextOf: (options, read) => this.#context(options, read),
      addressed: () => ({ client: this.#client, map: this.#map() }),
      forget: (kept) => this.#copies.forget(kept),
    });
    this.#whole = new WholeRows(told);
    const copied = { catalogue: connection.catalogue, signIn: settings.signIn, now: () => time.now() };
    this.#copies = new CopiedReads(this.source, copied);
    this.#client = upstreamClient(this.source, settings, this.#signIn);
    const { places, random = Math.random } = connection;
    const longest = settings.timeoutSeconds * 1000;
    const patience = { source: this.source, longest, places, time, random, observe: this.#observe };
    this.#patient = patientClient(this.#client, patience);
    const place = { dataDir: connection.dataDir, source: this.source, url: this.#client.root.href };
    this.#limits = new KnownLimits(place, this.#observe);
    this.#memory = new TrialMemory(place, {
      options: findings.remembered,
      forms: this.#refused,
      aggregations: this.aggregating.tried.remembered,
      whole: this.#whole.remembered,
      texts: texts.remembered,
      nulls: this.#nulls.remembered,
    });
    this.#metadata = new KnownMetadata({
      ...{ source: this.source, client: this.#client, dataDir: connection.dataDir, observe: this.#observe },
      schedule: settings.metadataSchedule,
      passesCaller: this.#signIn.passesCaller,
      adopt: (read) => {
        const differences = connection.adopt(read);
        this.aggregating.declared(read.applied);
        return differences;
      },
      restoreFindings: (xml) => Promise.all([this.#memory.restore(xml), this.#limits.restore(xml)]),
    });
  }

  begin(): Promise<void> {
    return this.#metadata.begin();
  }

  refresh(): Promise<void> {
    return this.#metadata.refresh();
  }

  async read(plan: UpstreamPlan, options: UpstreamReadOptions) {
    await this.#metadata.reached(options.caller ?? null);
    const kept: UpstreamRequest[] = [];
    const isFirst = options.skipToken === null;
    const caller = this.#callerOf(options);
    if (isFirst) {
      this.#refused.check(plan, this.source, caller);
      await this.#checkOptions(plan, options);
    }
    try {
      const asked = isFirst ? await this.#asCompared(plan, options) : this.#continued(plan);
      if (asked === 'absent') {
        return { kind: 'absent' as const };
      }
      const { maxTop } = this.#limits.known();
      const context = this.#context(options, { sets: setsOf(plan), kept });
      const { exactly } = asked;
      const reply = await readAsTaken(asked.plan, options, exactly === undefined ? context : { ...context, exactly });
      if (isFirst && this.#limits.known().maxTop !== maxTop) {
        await this.#checkLearned(plan, options, reply);
      }
      this.#refused.answered(plan, caller);
      return reply;
    } catch (error) {
      // It was received, and is not what was asked for.
      this.#copies.forget(kept);
      if (isFirst) {
        this.#refused.note(plan, error, caller);
      }
      throw error;
    }
  }

  addressOf(plan: UpstreamPlan): URL {
    const asked = this.#texts.remembered(plan);
    const request = shortEnough(asked, { metadata: 'minimal' }, { client: this.#client, map: this.#map() });
    return new URL(this.#client.root.href + request);
  }

  tried(plan: UpstreamPlan): readonly TriedBefore[] {
    const context = { client: this.#client, map: this.#map(), secret: this.#secret, limits: this.#limits };
    const place = { options: { signal: new AbortController().signal }, context };
    return [...this.#tried.tried(plan, place), ...this.#texts.told(plan), ...this.#nulls.told(plan)];
  }

  async *fetchByKeys(request: KeyedRequest, options: UpstreamReadOptions): AsyncGenerator<string> {
    await this.#metadata.reached(options.caller ?? null);
    const plan = keyedPlan(request);
    await this.#checkOptions(plan, options);
    const wider = await this.#byKeysCompared(request, options);
    yield* fetchByKeys(request, options, this.#context(options, { sets: setsOf(plan), kept: [] }), wider(request.keys));
  }

  async checkByKeys(request: Omit<KeyedRequest, 'keys'>, options: UpstreamReadOptions): Promise<void> {
    await this.#metadata.reached(options.caller ?? null);
    await this.#checkOptions(keyedPlan({ ...request, keys: [[]] }), options);
    await this.#byKeysCompared(request, options);
  }

  async showsExpand(asked: AskedExpand, { onCopy: _, ...options }: UpstreamReadOptions): Promise<boolean> {
    await this.#metadata.reached(options.caller ?? null);
    const context = this.#context(options, { sets: [], kept: [] });
    const shows = [this.#tried, this.#texts, this.#nulls];
    for (const one of shows) {
      if (!(await one.shows(asked, options, context))) {
        return false;
      }
    }
    return true;
  }

  /** What is asked of the feed for a first page, as it compares texts. Of trials nothing is kept as a copy of rows. */
  #asCompared(plan: UpstreamPlan, { onCopy: _, ...options }: UpstreamReadOptions): Promise<AskedPlan | 'absent'> {
    return this.#texts.asked(plan, options, this.#context(options, { sets: [], kept: [] }));
  }

  #continued(plan: UpstreamPlan): AskedPlan {
    const exactly = this.#texts.continued(plan);
    return exactly === undefined ? { plan } : { plan, exactly };
  }

  #byKeysCompared(request: Omit<KeyedRequest, 'keys'>, { onCopy: _, ...options }: UpstreamReadOptions) {
    return this.#texts.byKeys(request, options, this.#context(options, { sets: [], kept: [] }));
  }

  /** Of trials nothing is kept as a copy of rows. */
  async #checkOptions(plan: UpstreamPlan, { onCopy: _, ...options }: UpstreamReadOptions): Promise<void> {
    const context = this.#context(options, { sets: [], kept: [] });
    await this.#tried.check(plan, options, context);
    await this.#nulls.check(plan, { options, context });
    if (this.#copies.refreshedOf(setsOf(plan)) === null) {
      await this.#whole.check(plan, { options, context });
    }
  }

  /** What was just learned of `$top` asks the feed for further options. */
  async #checkLearned(plan: UpstreamPlan, options: UpstreamReadOptions, reply: UpstreamReply): Promise<void> {
    try {
      await this.#checkOptions(plan, options);
    } catch (error) {
      if (reply.kind === 'collection') {
        reply.discard();
      }
      throw error;
    }
  }

  follows(set: EntitySet, navigation: NavigationProperty): boolean {
    return upstreamHasNavigation(this.#map(), set, navigation);
  }

  state(): UpstreamState {
    return this.#metadata.state();
  }

  async close(): Promise<void> {
    await this.#metadata.close();
    await this.#limits.close();
    await this.#memory.close();
    this.#client.close();
    await this.#signIn.close();
  }

  #context(options: UpstreamReadOptions, read: Pick<CopiedRead, 'sets' | 'kept'>) {
    const { observe = this.#observe, onStage, caller = null } = options;
    const onNestedCount = (): void => {
      this.#countsNested = true;
    };
    const timed = onStage === undefined ? this.#patient : timedClient(this.#patient, onStage);
    const named = callerClient(toldClient(this.source, timed, observe), caller);
    const client = this.#copies.client(named, { ...read, observe, onCopy: options.onCopy });
    const onRows = (set: string, rows: number): void => this.#whole.noteRows(set, rows);
    const onPartial = (set: string): void => this.#whole.disprove(set);
    const own = this.#callerOf(options);
    const onUnexpanded = (at: ExpandPlace): void => this.#tried.disprove(at, own);
    const told = { onNestedCount, onRows, onPartial, onUnexpanded, ...(own === undefined ? {} : { caller: own }) };
    return { client, map: this.#map(), secret: this.#secret, limits: this.#limits, ...told };
  }

  /** Tells those apart whose own tokens the feed is asked with; undefined: the gateway signs in for all. */
  #callerOf({ caller }: UpstreamReadOptions): string | undefined {
    return this.#signIn.passesCaller ? callerDigest(caller ?? '') : undefined;
  }

  #map(): UpstreamMap {
    const sets = new Map<string, string | null>();
    for (const binding of this.#connection.catalogue().sets.values()) {
      if (binding.kind !== 'upstream' || binding.source !== this.source) {
        continue;
      }
      sets.set(binding.name, binding.upstreamName);
    }
    const { lists, maxTop, maxUrlLength } = this.#limits.known();
    const read = this.#metadata.read;
    return {
      source: this.source,
      model: read?.model ?? null,
      enumTypes: read?.enumTypes ?? new Map(),
      sets,
      maxUrlLength: Math.min(this.#settings.maxUrlLength, maxUrlLength ?? this.#settings.maxUrlLength),
      lists,
      maxTop,
      countsNested: this.#countsNested,
      whole: this.#whole.names(),
      nullsSaid: this.#nulls.said(),
    };
  }
}
