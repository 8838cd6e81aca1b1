import { GatewayError } from '../../errors.ts';
import type { UpstreamEvent } from '../../observation/events/upstream.ts';
import type { Observe } from '../../observation/observe.ts';
import { isDown } from '../is-down.ts';
import { type ComparedAs, type KnownTexts, nameOfUse, type TextUse } from '../texts/text-uses.ts';
import type { TriedBefore } from '../upstream.ts';
import { AgedFindings, type FindingPlaces } from './aged-findings.ts';
import { SharedWork } from './shared-work.ts';
import { type TextKind, textKinds } from './text-samples.ts';
import { type TextFinding, triedTexts } from './text-trials.ts';
import type { Remembered } from './trial-memory.ts';
import type { TrialPlace } from './trial-rows.ts';

/** Milliseconds until it is tried again: the database may have been changed, or have other texts then. */
const longest: Readonly<Record<ComparedAs, number>> = {
  here: 24 * 3_600_000,
  otherwise: 24 * 3_600_000,
  'not shown': 600_000,
};

/** What is told where. */
export interface TextPlaces extends FindingPlaces {
  readonly observe: Observe<UpstreamEvent>;
}

type Found = ReadonlyMap<TextUse['how'], TextFinding>;

/** How a feed compares texts, each set, property and way by itself: databases have it by column. */
export class TriedTexts {
  readonly #source: string;
  readonly #observe: Observe<UpstreamEvent>;
  readonly #running = new SharedWork<Found>();
  readonly #known: AgedFindings<TextFinding>;

  constructor(source: string, { observe, ...places }: TextPlaces) {
    this.#source = source;
    this.#observe = observe;
    this.#known = new AgedFindings<TextFinding>(
      {
        longest: ({ comparedAs }) => longest[comparedAs],
        isForAll: ({ comparedAs }) => comparedAs !== 'not shown',
        understood: findingIn,
      },
      places,
    );
  }

  /** What of it outlives a restart. */
  get remembered(): Remembered {
    return this.#known;
  }

  /** Tries what is not known. Throws what a feed that is down makes of it where nothing was known of it before. */
  async settle(uses: readonly TextUse[], place: TrialPlace): Promise<KnownTexts> {
    const { caller } = place.context;
    const untried = uses.filter((use) => this.#known.get(nameOfUse(use), caller)?.isOver !== false);
    const isSame = (one: TextUse, other: TextUse) =>
      one.set.name === other.set.name && one.property.name === other.property.name;
    const firsts = untried.filter((use, at) => untried.findIndex((one) => isSame(one, use)) === at);
    for (const first of firsts) {
      const group = untried.filter((use) => isSame(use, first));
      await this.#try(group, place);
    }
    return this.known(caller);
  }

  /** What was found out, however long ago. */
  known(caller: string | undefined): KnownTexts {
    const of = (use: TextUse): TextFinding | undefined => this.#known.get(nameOfUse(use), caller);
    return {
      comparedAs: (use) => of(use)?.comparedAs ?? 'not shown',
      inPatterns: (use) => of(use)?.kinds.includes('patterns') === true,
    };
  }

  /** What is remembered of a use for all. */
  told(use: TextUse): TriedBefore {
    const { set, property, how } = use;
    const known = this.#known.get(nameOfUse(use), undefined);
    const { comparedAs = null, kinds = [], isOver = true } = known ?? {};
    const verdict = comparedAs === 'here' ? 'done' : comparedAs;
    const option = `texts of ${property.name} (${how})`;
    return { where: set.name, option, verdict, kinds, at: known === undefined ? null : new Date(known.at), isOver };
  }

  async #try(uses: readonly TextUse[], place: TrialPlace): Promise<void> {
    const [first] = uses;
    if (first === undefined) {
      return;
    }
    const { caller } = place.context;
    const hows = uses.map(({ how }) => how);
    try {
      const name = [caller, ...uses.map(nameOfUse)].join('\n');
      const found = await this.#running.of(name, place.options.signal, () => triedTexts(first, hows, place));
      for (const use of uses) {
        const finding = found.get(use.how);
        if (finding !== undefined) {
          this.#note(use, finding, caller);
        }
      }
    } catch (error) {
      // What it did the day before holds while it is down; what else is wrong with such a request is no matter of texts.
      const isKnown = uses.every((use) => this.#known.get(nameOfUse(use), caller) !== undefined);
      if (!(error instanceof GatewayError) || (isDown(error) && !isKnown)) {
        throw error;
      }
    }
  }

  #note(use: TextUse, finding: TextFinding, caller: string | undefined): void {
    const name = nameOfUse(use);
    const before = this.#known.get(name, caller);
    this.#known.note(name, finding, caller);
    const { set, property, how } = use;
    const otherwise = finding.comparedAs === 'otherwise';
    if (otherwise !== (before?.comparedAs === 'otherwise')) {
      const message = `${property.name} (${how}): ${otherwise ? finding.kinds.join(', ') : 'as they are'}`;
      this.#observe({ event: 'upstream-texts', source: this.#source, set: set.name, otherwise, message });
    }
  }
}

/** A finding as it was kept; null: it is something else. */
function findingIn({ comparedAs, kinds }: Readonly<Record<string, unknown>>): TextFinding | null {
  const known =
    (comparedAs === 'here' || comparedAs === 'otherwise' || comparedAs === 'not shown') && Array.isArray(kinds);
  return known && kinds.every(isKind) ? { comparedAs, kinds } : null;
}

const isKind = (kind: unknown): kind is TextKind => textKinds.some((one) => one === kind);
