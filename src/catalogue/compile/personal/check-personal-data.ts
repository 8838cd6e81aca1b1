import { hashLength, type PersonalPolicy } from '../../personal-data.ts';
import type { DraftIndex, SetDraft } from '../documents/draft.ts';
import { identifyingProperties } from './identifying-properties.ts';
import type { PersonalPolicies } from './personal-policies.ts';

/** Reports policies that a property cannot take, and those that would keep rows from finding each other. */
export function checkPersonalData(policies: PersonalPolicies, index: DraftIndex): void {
  for (const draft of index.sets.values()) {
    if (policies.treats(draft)) {
      checkExport(draft, policies, identifyingProperties(draft, index));
    } else {
      checkNothingSaid(draft);
    }
    checkJoins(draft, policies);
  }
}

/** Rows that no file fills follow from those that files do, or are not stored. */
function checkNothingSaid({ entry, report }: SetDraft): void {
  const remedy = 'Say it where files fill the values: they are treated before anything is stored.';
  if (entry.personalData !== undefined) {
    report(['personalData'], 'No file fills this set.', remedy);
  }
  for (const [name, { policy }] of Object.entries(entry.properties)) {
    if (policy !== undefined) {
      report(['properties', name, 'policy'], 'No file fills this property.', remedy);
    }
  }
}

interface Fault {
  readonly message: string;
  readonly remedy: string;
}

function checkExport(draft: SetDraft, policies: PersonalPolicies, identifying: ReadonlySet<string>): void {
  for (const [name, policy] of policies.rules(draft).policies) {
    const fault = faultOf(draft, name, { policy, identifies: identifying.has(name) });
    if (fault !== null) {
      const key = draft.entry.properties[name]?.policy === undefined ? 'personalData' : 'policy';
      draft.report(['properties', name, key], fault.message, fault.remedy);
    }
  }
}

function faultOf(
  { entry }: SetDraft,
  name: string,
  { policy, identifies }: { readonly policy: PersonalPolicy; readonly identifies: boolean },
): Fault | null {
  const property = entry.properties[name];
  if (property === undefined) {
    return null;
  }
  const { type, encoding, maxLength } = property;
  const decides = entry.write?.winner === name ? 'winner' : entry.deletionMarker === name ? 'deletionMarker' : null;
  if (decides !== null) {
    return {
      message: `${name} decides as ${decides} what becomes of rows, so it cannot be changed by ${policy}.`,
      remedy: 'Give it policy: keep.',
    };
  }
  if (policy === 'drop') {
    const needed = entry.key.includes(name) || property.nullable === false;
    const remedy = 'Give it policy: hash where it is a text, or policy: keep.';
    return needed ? { message: `${name} must have a value, so it cannot be dropped.`, remedy } : null;
  }
  if (encoding === 'list' || encoding === 'label-list') {
    return {
      message: `The members of a list cannot be told apart after ${policy}.`,
      remedy: 'Give it policy: drop or keep.',
    };
  }
  if (policy === 'mask') {
    if (identifies) {
      const message = `${name} names something, and two of these may look the same when masked.`;
      return { message, remedy: 'Give it policy: hash or drop.' };
    }
    const masked = type === 'String' || type === 'Date' || type === 'DateTimeOffset';
    return masked ? null : { message: `There is no mask of ${type}.`, remedy: 'Give it policy: drop or keep.' };
  }
  if (type !== 'String') {
    const remedy = 'Give it type: String, or policy: drop or keep.';
    return { message: `A hash is a text and does not fit ${type}.`, remedy };
  }
  if (maxLength !== undefined && maxLength < hashLength) {
    const message = `A hash has ${hashLength} characters, and maxLength is ${maxLength}.`;
    return { message, remedy: `Raise maxLength to ${hashLength} or leave it out.` };
  }
  return null;
}

/** A hashed value finds only the same value hashed. What is dropped leads nowhere, which is what was asked for. */
function checkJoins(draft: SetDraft, policies: PersonalPolicies): void {
  const { entry } = draft;
  const parts: (readonly [path: readonly string[], ours: string, set: string, theirs: string | null])[] = [];
  for (const [name, { references }] of Object.entries(entry.properties)) {
    if (references !== undefined) {
      const set = typeof references === 'string' ? references : references.set;
      parts.push([['properties', name, 'references'], name, set, null]);
    }
  }
  for (const [name, { set, join }] of Object.entries(entry.navigation ?? {})) {
    for (const [ours, theirs] of Object.entries(join)) {
      parts.push([['navigation', name], ours, set, theirs]);
    }
  }
  for (const [path, ours, set, theirs] of parts) {
    const target = policies.target(draft, set);
    const key = theirs ?? target?.entry.key[0];
    if (target === undefined || key === undefined) {
      continue;
    }
    const [here, there] = [told(policies.of(draft, ours)), told(policies.of(target, key))];
    if (here === null || there === null || here === there) {
      continue;
    }
    const message = `${ours} is ${here}, and ${target.setName}.${key}, which it leads to, is ${there}: rows would not find each other.`;
    draft.report(path, message, 'Treat both alike: personalData of the source or export, or policy of the property.');
  }
  for (const name of draft.form === 'dimension' ? entry.key : []) {
    if (told(policies.of(draft, name)) === 'mixed') {
      const message = `${name} is hashed in one of the sets that name these things and kept in another: they would count as two.`;
      draft.report(['dimension'], message, 'Treat these properties alike in all of them.');
    }
  }
}

/** null: there are no values. */
function told(found: ReadonlySet<PersonalPolicy>): 'hashed' | 'kept' | 'mixed' | null {
  const [hashed, kept] = [found.has('hash'), found.has('keep') || found.has('mask')];
  return hashed && kept ? 'mixed' : hashed ? 'hashed' : kept ? 'kept' : null;
}
