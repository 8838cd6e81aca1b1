import type { ODataUri } from '../../../uri/syntax.ts';
import { collectionOf, countOf } from '../../model/make.ts';
import type {
  ApplyPlan,
  CollectionPlan,
  CountPlan,
  PagePosition,
  RemovedPosition,
  Restriction,
} from '../../model/read-plan.ts';
import {
  type DeltaToken,
  decodeDeltaToken,
  decodePagePosition,
  decodeRemovedPosition,
  isDeltaToken,
} from '../../position/page-position.ts';
import { isCopyText } from '../../value/copy-text.ts';
import { bindApplyRead } from '../apply/read.ts';
import { type BoundRows, bindRows } from '../rows/rows.ts';
import { type Binding, fault, notImplemented, requestScope } from '../scope.ts';
import { allowOptions, type OptionName } from './allowed-options.ts';
import type { Resource } from './path.ts';

const rowOptions: readonly OptionName[] = ['filter', 'search', 'orderby', 'top', 'skip', 'count', 'apply', 'compute'];
const collectionOptions: readonly OptionName[] = [...rowOptions, 'select', 'expand', 'skiptoken', 'deltatoken'];
const referenceOptions: readonly OptionName[] = [...rowOptions, 'skiptoken'];
/** `$orderby`, `$select`, `$expand` and `$count` change no number; clients that fold send them along. */
const countOptions: readonly OptionName[] = [
  'filter',
  'search',
  'apply',
  'compute',
  'orderby',
  'select',
  'expand',
  'count',
];

/** The rows of a set or of a to-many navigation, one page of them. */
export function bindCollectionRead(uri: ODataUri, resource: Resource, binding: Binding): CollectionPlan {
  const references = resource.suffix === '$ref';
  const allowed = references ? referenceOptions : collectionOptions;
  allowOptions(uri.options, allowed, { scope: requestScope(binding, 'path'), what: 'a collection' });
  const { selection, restriction, apply } = rowsOf(uri, resource, binding);
  if (references && apply !== null && !apply.keepsEntities) {
    throw fault(requestScope(binding, '$apply'), 'InvalidOption', 'aggregated rows have no references.');
  }
  const delta = deltaOf(uri, resource, binding);
  const removedAfter = delta === null ? null : removedPositionOf(uri, delta, binding);
  const after = removedAfter === null ? positionOf(uri, resource, binding) : null;
  if (after !== null) {
    checkPosition(after, { restriction, rowIds: apply === null });
  }
  return collectionOf({
    source: resource.source,
    selection,
    restriction: continued(restriction, after),
    apply,
    references,
    pageSize: binding.context.pageSize,
    after,
    since: delta?.since ?? null,
    ...(delta?.since == null ? {} : { until: delta.start, removedAfter }),
  });
}

/** `/$count`: of the rows that `$filter`, `$search` and `$apply` leave. */
export function bindCountRead(uri: ODataUri, resource: Resource, binding: Binding): CountPlan {
  allowOptions(uri.options, countOptions, { scope: requestScope(binding, 'path'), what: '/$count' });
  const { restriction, apply } = rowsOf(uri, resource, binding);
  const counted: Restriction = { ...restriction, orderby: [], count: false };
  return countOf({ source: resource.source, set: resource.set, restriction: counted, apply });
}

interface Rows extends Pick<BoundRows, 'selection' | 'restriction'> {
  readonly apply: ApplyPlan | null;
}

function rowsOf(uri: ODataUri, resource: Resource, binding: Binding): Rows {
  const { apply } = uri.options;
  if (apply !== undefined) {
    return bindApplyRead(uri.options, resource.set, { binding, it: null, depth: 0 });
  }
  return { apply: null, ...bindRows(uri.options, resource.set, { binding, it: null, depth: 0 }) };
}

/** The token of a proxied set is the upstream's own; its room reads it. */
function positionOf(uri: ODataUri, resource: Resource, binding: Binding): PagePosition | null {
  const { skiptoken } = uri.options;
  if (skiptoken === undefined || binding.context.sets.get(resource.set.name)?.kind === 'upstream') {
    return null;
  }
  return decodePagePosition(skiptoken, binding.fingerprint);
}

interface Ordered {
  readonly restriction: Restriction;
  /** Rows are told apart by their row id. Those of `$apply` are not: their `rowId` is read where it was made. */
  readonly rowIds: boolean;
}

/** Every value must be of its order key's type: nothing else may reach the database. */
function checkPosition(after: PagePosition, { restriction, rowIds }: Ordered): void {
  const fitting = restriction.orderby.every(({ expression }, index) => {
    const value = after.values[index] ?? null;
    return value === null || expression.type === 'null' || isCopyText(value, expression.type);
  });
  const counted = after.values.length === restriction.orderby.length;
  if (fitting && counted && (!rowIds || isCopyText(after.rowId, 'Edm.Int64'))) {
    return;
  }
  throw fault({ option: '$skiptoken' }, 'InvalidSkipToken', 'the token belongs to another order.');
}

/** After the first page nothing is skipped again, and `top` is what is still wanted. */
function continued(restriction: Restriction, after: PagePosition | null): Restriction {
  if (after === null) {
    return restriction;
  }
  return { ...restriction, skip: null, top: after.remaining ?? restriction.top };
}

function deltaOf(uri: ODataUri, resource: Resource, binding: Binding): DeltaToken | null {
  const { deltatoken } = uri.options;
  if (deltatoken === undefined) {
    return null;
  }
  const stored = binding.context.sets.get(resource.set.name);
  if (stored?.kind === 'stored' && stored.versionColumn === null && isDeltaToken(deltatoken, binding.fingerprint)) {
    const message = `the changes of '${resource.set.name}' were followed, and are not any more.`;
    throw fault({ option: '$deltatoken' }, 'DeltaLinkExpired', message);
  }
  if (stored?.kind !== 'stored' || stored.versionColumn === null || resource.source.kind !== 'Set') {
    const message = `the changes of '${resource.set.name}' are not tracked here.`;
    throw notImplemented({ option: '$deltatoken' }, 'untracked-changes', message);
  }
  if (uri.options.apply !== undefined) {
    throw notImplemented(
      { option: '$deltatoken' },
      'untracked-changes',
      'the changes of aggregated rows are not tracked.',
    );
  }
  return decodeDeltaToken(deltatoken, binding.fingerprint);
}

/** Only a delta has removed rows, and its pages carry the version that the first one saw. */
function removedPositionOf(
  { options: { skiptoken } }: ODataUri,
  { since, start }: DeltaToken,
  binding: Binding,
): RemovedPosition | null {
  if (skiptoken === undefined || since === null || start === null) {
    return null;
  }
  return decodeRemovedPosition(skiptoken, binding.fingerprint);
}
