import type { PersonalPolicy, PersonalRules } from '../../personal-data.ts';
import { type DraftIndex, resolveSetName, type SetDraft, type SourceDraft } from '../documents/draft.ts';
import type { PropertyEntry } from '../schema/schema.ts';

/** The stricter of two counts for what is made of both. */
const strictness = { keep: 0, mask: 1, hash: 2, drop: 3 } as const satisfies Record<PersonalPolicy, number>;

/** What becomes of each property of each set, as sources, exports and properties say it. */
export class PersonalPolicies {
  readonly #sources: ReadonlyMap<string, SourceDraft>;
  readonly #index: DraftIndex;

  constructor(sources: readonly SourceDraft[], index: DraftIndex) {
    this.#sources = new Map(sources.map((source) => [source.name, source]));
    this.#index = index;
  }

  /** Of an export's own cells and of what is computed from them. */
  rules(draft: SetDraft): PersonalRules {
    const policies = new Map<string, Exclude<PersonalPolicy, 'keep'>>();
    for (const name of Object.keys(draft.entry.properties)) {
      const policy = this.#own(draft, name);
      if (policy !== 'keep') {
        policies.set(name, policy);
      }
    }
    const said = this.#said(draft);
    const untouched = policies.size === 0 && Object.values(said).every((policy) => policy === 'keep');
    return { policies, extras: said.extras ?? (untouched ? 'keep' : 'drop') };
  }

  /** Whether values of a set are treated before they are stored: rows of files, and of feeds where they are kept. */
  treats({ form, source, entry: { archive } }: SetDraft): boolean {
    return (
      form === 'export' ||
      (form === 'upstream' && (archive ?? this.#sources.get(source)?.entry.archive ?? false) !== false)
    );
  }

  /** What may have become of the values of a property of any set: derived ones take them from several. */
  of(draft: SetDraft, name: string, seen: readonly SetDraft[] = []): ReadonlySet<PersonalPolicy> {
    const { form, entry } = draft;
    if (this.treats(draft)) {
      return new Set([this.#own(draft, name)]);
    }
    const found = new Set<PersonalPolicy>();
    if (form === 'bridge' || form === 'dimension') {
      for (const [set, theirs] of sourcesOf(entry, name)) {
        const source = this.target(draft, set);
        if (source === undefined || seen.includes(source)) {
          continue;
        }
        for (const policy of this.of(source, theirs, [...seen, draft])) {
          found.add(policy);
        }
      }
    }
    return found.size === 0 ? new Set(['keep']) : found;
  }

  target(draft: SetDraft, reference: string): SetDraft | undefined {
    return this.#index.sets.get(resolveSetName(this.#index, draft.source, reference) ?? '');
  }

  #said({ entry, source }: SetDraft): NonNullable<SetDraft['entry']['personalData']> {
    return { ...this.#sources.get(source)?.entry.personalData, ...entry.personalData };
  }

  #own(draft: SetDraft, name: string): PersonalPolicy {
    const property = draft.entry.properties[name];
    if (property === undefined) {
      return 'keep';
    }
    const { personalData, policy, computed } = property;
    const own = policy ?? (personalData === 'none' ? 'keep' : (this.#said(draft)[personalData] ?? 'keep'));
    if (computed === undefined || policy !== undefined) {
      return own;
    }
    const inputs = inputsOf(computed).map((input) => this.#own(draft, input));
    const strictest = [own, ...inputs].reduce((a, b) => (strictness[a] < strictness[b] ? b : a));
    // A digest without a key of cells that can be guessed tells them.
    return computed.kind === 'sha256' && strictest !== 'keep' ? 'hash' : strictest;
  }
}

/** The properties of other sets that a property of a derived set takes values from: set as the document names it, and theirs. */
function sourcesOf(
  { bridge, dimension = [] }: SetDraft['entry'],
  name: string,
): readonly (readonly [set: string, property: string])[] {
  if (bridge !== undefined) {
    const pairs = [
      ...Object.entries(bridge.parent),
      ...Object.entries(bridge.carries ?? {}),
      ...[bridge.list, ...(bridge.paired === undefined ? [] : [bridge.paired])].map(
        ({ property, as }) => [property, as] as const,
      ),
    ];
    return pairs.filter(([, ours]) => ours === name).map(([theirs]) => [bridge.from, theirs]);
  }
  return dimension.flatMap(({ set, columns }) => {
    const theirs = columns === undefined ? name : columns[name];
    return theirs === undefined ? [] : [[set, theirs] as const];
  });
}

function inputsOf(computed: NonNullable<PropertyEntry['computed']>): readonly string[] {
  switch (computed.kind) {
    case 'sha256':
      return computed.of;
    case 'match':
    case 'text-if-not-integer':
      return [computed.of];
    case 'instant':
      return [computed.date, computed.time];
    case 'period':
    case 'ambiguous-time':
      return [];
  }
}
