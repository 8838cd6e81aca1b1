import type { Catalogue } from '../../catalogue/catalogue.ts';
import { crossesSources } from '../../plan/federate/crossing.ts';
import { boundPlan } from '../../plan/model/make.ts';
import type { Bound, ReadPlan } from '../../plan/model/read-plan.ts';
import { sourceSet } from '../../plan/model/sets.ts';
import { type EvaluatedPlan, type Evaluation, evaluationOf } from '../../source/evaluated/evaluation.ts';
import { handedAggregation } from '../../source/evaluated/handed-aggregation.ts';
import { canBeEvaluated, isBeyondSources, isOnlyEvaluated } from '../../source/evaluated/or-evaluated.ts';
import type { Sources } from '../../source/federated/sources.ts';
import { compileRemoved } from '../../sql/read/compile-changes.ts';
import { compileCrossjoin, compileCrossjoinCount } from '../../sql/read/compile-crossjoin.ts';
import {
  compileCollection,
  compileCount,
  compileCountOf,
  compileEntity,
  compileProperty,
} from '../../sql/read/compile-read.ts';
import type { TriedBefore, UpstreamPlan } from '../../upstream/upstream.ts';
import { federatedSteps } from './federated-steps.ts';

/** One thing that is done to answer a request. */
export type Read =
  /** Said in words: what is asked for depends on rows that are read before. */
  | { readonly kind: 'words'; readonly text: string }
  /** A statement for PostgreSQL. `brought`: about temporary tables, which are not there now. */
  | { readonly kind: 'statement'; readonly title: string; readonly sql: string; readonly brought?: boolean }
  /** A request to a proxied feed; null: it has no address. */
  | { readonly kind: 'address'; readonly title: string; readonly url: URL | null };

/** What is read to answer a plan, in the order in which it is. Throws as the compilers do. */
export function readsOf(plan: ReadPlan, sources: Sources): readonly Read[] {
  if (plan.kind === 'ServiceDocument' || plan.kind === 'Metadata') {
    return [{ kind: 'words', text: 'No row is read: this document is made from the model.' }];
  }
  if (plan.kind === 'All') {
    const [first] = plan.parts;
    const names = plan.parts.map((part) => part.selection.set.name).join(', ');
    return [
      { kind: 'words', text: `The rows of ${plan.parts.length} sets, one after the other: ${names}. Of the first:` },
      ...(first === undefined ? [] : readsOf(first, sources)),
    ];
  }
  if (plan.kind === 'Crossjoin') {
    const bound = boundPlan(plan, { volatile: false, fingerprint: '' });
    return canBeEvaluated(bound, sources) ? evaluatedReads(bound, sources) : crossjoinReads(plan, sources.catalogue);
  }
  return setReads(plan, sources);
}

/** By the sources of the rows, or here where they cannot do it. */
function setReads(plan: UpstreamPlan, sources: Sources): readonly Read[] {
  const bound = boundPlan(plan, { volatile: false, fingerprint: '' });
  const evaluable = canBeEvaluated(bound, sources);
  const crosses = crossesSources(plan, sources);
  const aggregates = crosses && plan.kind === 'Collection' && plan.apply !== null;
  if (evaluable && (aggregates || isOnlyEvaluated(plan, sources))) {
    return evaluatedReads(bound, sources);
  }
  try {
    return crosses ? federatedReads(plan, sources) : singleReads(plan, sources);
  } catch (error) {
    if (!evaluable || !isBeyondSources(error)) {
      throw error;
    }
    return evaluatedReads(bound, sources);
  }
}

/** The rows of feeds first, then statements about them; before them the groups that a feed is asked for, if it shows that it adds them up rightly. */
function evaluatedReads(asked: Bound<EvaluatedPlan>, sources: Sources): readonly Read[] {
  const handed = handedAggregation(asked, sources);
  const rows = readsOfEvaluation(evaluationOf(asked, sources));
  if (handed === null) {
    return rows;
  }
  const { feed, request, evaluation } = handed;
  const { name } = request.set;
  const title = `groups of ${name}, asked of the proxied feed for a temporary table if it has shown that it adds them up rightly`;
  return [
    { kind: 'address', title, url: feed.addressOf(request) },
    ...readsOfEvaluation(evaluation).filter((read) => read.kind === 'statement'),
    { kind: 'words', text: `Otherwise the rows of ${name} are asked for:` },
    ...rows,
  ];
}

function readsOfEvaluation({ plan, catalogue, parts }: Evaluation): readonly Read[] {
  const brought = parts.map(({ set, upstream, plans: [first] }): Read => {
    const title = `rows of ${set.name}, asked of the proxied feed ${upstream.source} for a temporary table`;
    return { kind: 'address', title, url: first === undefined ? null : upstream.addressOf(first) };
  });
  const statements = plan.kind === 'Crossjoin' ? crossjoinReads(plan, catalogue) : storedReads(plan, catalogue);
  return [...brought, ...statements.map((read) => (read.kind === 'statement' ? { ...read, brought: true } : read))];
}

/** Of one source. */
function singleReads(plan: UpstreamPlan, sources: Sources): readonly Read[] {
  const set = sourceSet(plan.source);
  const source = sources.sourceOf(plan.kind === 'Collection' ? plan.selection.set : set);
  if (source === null) {
    return storedReads(plan, sources.catalogue);
  }
  const upstream = sources.upstreams.get(source);
  const url = upstream?.addressOf(plan) ?? null;
  return [
    { kind: 'address', title: `asked of the proxied feed ${source}`, url },
    ...trialReads(source, upstream?.tried?.(plan) ?? []),
  ];
}

/** What such a request depends on, and what is remembered of it. */
function trialReads(source: string, tried: readonly TriedBefore[]): readonly Read[] {
  if (tried.length === 0) {
    return [];
  }
  const lines = tried.map(({ where, option, ...before }) => `${option} of ${where}: ${rememberedText(before)}.`);
  const text = `So it is asked if ${source} has shown that it does what follows. An $expand of which it has not is joined here by key, else all is worked out here with its rows. Where it compares texts otherwise it is asked for more rows, which are looked at again here.`;
  return [{ kind: 'words', text: [text, ...lines].join('\n') }];
}

function rememberedText({ verdict, at, isOver, kinds = [] }: Omit<TriedBefore, 'where' | 'option'>): string {
  if (verdict === null || at === null) {
    return 'not tried yet, the next request does';
  }
  const otherwise = `found otherwise (${kinds.join(', ')})`;
  const words = { done: 'shown', 'passed over': 'passed over', 'not shown': 'tried and not shown', otherwise }[verdict];
  return `${words} at ${at.toISOString()}${isOver ? ', to be tried again' : ''}`;
}

function storedReads(plan: UpstreamPlan, catalogue: Catalogue): readonly Read[] {
  switch (plan.kind) {
    case 'Collection': {
      const { text, span } = compileCollection(plan, catalogue);
      const removed =
        plan.since === null ? [] : [statement('rows that left', compileRemoved(plan, catalogue, null).text)];
      return [
        ...(plan.restriction.count ? [statement('how many rows', compileCountOf(plan, catalogue).text)] : []),
        ...(span === undefined || span === null
          ? []
          : [statement('where its rows stand, if that is not known', span.probe)]),
        statement('rows of the page', text),
        ...removed,
      ];
    }
    case 'Entity':
      return [statement('the row', compileEntity(plan, catalogue).text)];
    case 'PropertyRead':
      return [statement('the value', compileProperty(plan, catalogue).text)];
    case 'Count':
      return [statement('how many rows', compileCount(plan, catalogue).text)];
  }
}

function crossjoinReads(plan: ReadPlan & { readonly kind: 'Crossjoin' }, catalogue: Catalogue): readonly Read[] {
  const count = statement('how many rows', compileCrossjoinCount(plan, catalogue).text);
  if (plan.countOnly) {
    return [count];
  }
  return [
    ...(plan.restriction.count ? [count] : []),
    statement('rows of the page', compileCrossjoin(plan, catalogue).text),
  ];
}

const statement = (title: string, sql: string): Read => ({ kind: 'statement', title, sql });

/** Steps before the rows of the addressed set, that read, and what completes it. */
function federatedReads(plan: UpstreamPlan, sources: Sources): readonly Read[] {
  const { before, own, behind } = federatedSteps(plan, sources);
  const words = (text: string): Read => ({ kind: 'words', text });
  const read =
    own === null
      ? [words('Read the addressed rows with what was found; the request depends on it.')]
      : singleReads(own, sources);
  return [...before.map(words), ...read, ...behind.map(words)];
}
