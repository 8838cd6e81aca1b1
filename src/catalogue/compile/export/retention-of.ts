import { keptFor, type Retention, type SourceRetention } from '../../retention.ts';
import type { SetDraft } from '../documents/draft.ts';
import type { PersonalPolicies } from '../personal/personal-policies.ts';
import type { SourceEntry } from '../schema/schema.ts';

/** How long the rows of an export are kept; null: the document does not say. */
export function retentionOf(draft: SetDraft, policies: PersonalPolicies): Retention | null {
  const { entry, report } = draft;
  const { retention, properties } = entry;
  const keep = retention === undefined ? null : keptFor(retention.keep);
  if (retention === undefined || keep === null) {
    return null;
  }
  const { by } = retention;
  const type = properties[by]?.type;
  if (type !== 'Date' && type !== 'DateTimeOffset') {
    const message = type === undefined ? `There is no property ${by}.` : `${by} is ${type} and says no time.`;
    report(['retention', 'by'], message, 'Name a property of type Date or DateTimeOffset.');
    return null;
  }
  const policy = policies.rules(draft).policies.get(by);
  if (policy !== undefined) {
    const message = `${by} is not kept as it is (${policy}), so nobody can tell how old a row is.`;
    report(['retention', 'by'], message, 'Name another property, or give this one policy: keep.');
  }
  return { keep, by };
}

/** How long else is kept of a source. */
export function sourceRetention({ retention }: SourceEntry): SourceRetention {
  const of = (text: string | undefined) => (text === undefined ? null : keptFor(text));
  return { files: of(retention?.files), rejects: of(retention?.rejects) };
}
