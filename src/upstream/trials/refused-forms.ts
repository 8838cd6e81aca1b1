import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { describePlan } from '../../plan/model/describe.ts';
import { refusedBefore, refusedWith } from '../client/upstream-fault.ts';
import type { UpstreamPlan } from '../upstream.ts';
import { keptEntries, type Remembered } from './trial-memory.ts';

/** Forms that are remembered, those asked for last; each is a few hundred bytes. */
const mostForms = 2000;
/** Milliseconds until a feed is asked again: it may have learned something. */
const longest = 3_600_000;
/** Different requests of one form that are refused before it is not asked any more: one of them may be refused for its values. */
const mostRequests = 2;

/** Forms that outlive a restart, those asked for last. */
const mostKept = 200;
/** In place of requests of an earlier run. */
const unnamed: ReadonlySet<string> = new Set(Array.from({ length: mostRequests }, (_, at) => String(at)));

interface Form {
  /** Their digests. */
  readonly requests: ReadonlySet<string>;
  readonly status: number;
  readonly at: number;
}

/**
 * What a feed cannot do, by the form of the request: the set, its options and functions, without the values that they name. A form
 * that was refused for different values, and never answered in between, is not asked for a while: whoever wants such rows gets
 * them in another way, or is refused, without a request in vain. What is refused to whom the feed is asked for with their own token may be for want of
 * rights, and holds for this caller alone.
 */
export class RefusedForms implements Remembered {
  readonly #now: () => number;
  readonly #onChange: () => void;
  readonly #forms = new LRUCache<string, Form>({ max: mostForms });
  /** The same by caller and form. */
  readonly #own = new LRUCache<string, Form>({ max: mostForms });

  /** `now`: milliseconds of a clock. `onChange`: told when a form is not asked for any more, or again. */
  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** Throws GatewayError as the feed did, where it need not be asked. `caller`: who asks with a token of their own; undefined: the gateway asks for all. */
  check(plan: UpstreamPlan, source: string, caller: string | undefined): void {
    const forms = this.#formsOf(caller);
    const key = knownKey(plan, caller, forms);
    const form = key === null ? undefined : forms.get(key);
    if (key === null || form === undefined || form.requests.size < mostRequests) {
      return;
    }
    if (Math.abs(this.#now() - form.at) > longest) {
      forms.delete(key);
      return;
    }
    throw refusedBefore(source, form.status);
  }

  /** The feed refused a plan, in all forms that it might take. */
  note(plan: UpstreamPlan, error: unknown, caller: string | undefined): void {
    const forms = this.#formsOf(caller);
    const status = refusedWith(error);
    // How long a request may be is learned apart, and what fails with 500 now may be answered in a minute.
    const key = status === 400 || status === 501 ? keyOf(plan, caller) : null;
    if (key === null || status === null) {
      return;
    }
    const text = describePlan(plan, { values: 'shown' });
    const digest = createHash('sha256').update(text).digest('base64');
    const requests = new Set(forms.get(key)?.requests).add(digest);
    forms.set(key, { requests, status, at: this.#now() });
    if (requests.size >= mostRequests && caller === undefined) {
      this.#onChange();
    }
  }

  /** The feed answered a plan. */
  answered(plan: UpstreamPlan, caller: string | undefined): void {
    const forms = this.#formsOf(caller);
    const key = knownKey(plan, caller, forms);
    if (key !== null && forms.delete(key) && caller === undefined) {
      this.#onChange();
    }
  }

  clear(): void {
    this.#forms.clear();
    this.#own.clear();
  }

  #formsOf(caller: string | undefined): LRUCache<string, Form> {
    return caller === undefined ? this.#forms : this.#own;
  }

  /** Those that are not asked for, without what tells requests apart: that is made of values. */
  kept(): unknown {
    const known = [...this.#forms.entries()].filter(([, { requests }]) => requests.size >= mostRequests);
    return known.slice(0, mostKept).map(([form, { status, at }]) => [form, { status, at }]);
  }

  restore(kept: unknown): void {
    for (const [form, { status, at }] of keptEntries(kept).toReversed()) {
      if ((status === 400 || status === 501) && typeof at === 'number') {
        this.#forms.set(form, { requests: unnamed, status, at });
      }
    }
  }
}

/** null: no form is remembered. Most feeds refuse nothing, and plans are long. */
const knownKey = (
  plan: UpstreamPlan,
  caller: string | undefined,
  { size }: { readonly size: number },
): string | null => (size === 0 ? null : keyOf(plan, caller));

const keyOf = (plan: UpstreamPlan, caller: string | undefined): string | null => {
  const form = formOf(plan);
  return form === null || caller === undefined ? form : `${caller} ${form}`;
};

/** null: rows that are asked for like this have no other way to be had, so the feed is asked each time. */
function formOf(plan: UpstreamPlan): string | null {
  if (plan.kind !== 'Collection' && plan.kind !== 'Count') {
    return null;
  }
  const { filter, orderby, top, skip, count } = plan.restriction;
  const isPlain = filter === null && orderby.length === 0 && top === null && skip === null && !count;
  return isPlain && (plan.kind === 'Count' || plan.selection.expands.length === 0)
    ? null
    : describePlan(plan.kind === 'Collection' ? { ...plan, after: null } : plan, { values: 'hidden' });
}
