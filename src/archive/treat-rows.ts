import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import { countErasures, erasedDigests } from '../ingest/ledger/erasures.ts';
import { ErasureRules } from '../ingest/personal/erasure-rules.ts';
import { requiredKey } from '../ingest/personal/personal-key.ts';
import { Persons } from '../ingest/personal/persons.ts';
import type { Transaction } from '../warehouse/database.ts';
import type { ArchivedSet } from './archived-set.ts';
import { keptFrom } from './kept-from.ts';
import { treatmentsOf } from './policies.ts';

type Values = (string | null)[];

/** What becomes of rows of a feed before they are stored. */
export interface RowTreatment {
  /** Of the texts of a row's properties; null: the row is left out. */
  treat(values: Values): Values | null;
  /** Rows that were left out. */
  erased(): number;
  /** Throws DatabaseUnavailable, to begin anew, where somebody was erased since the rows were read. Call under the lock of the set. */
  requireNoNewErasure(): Promise<void>;
}

/** Whether a row is young enough: what was pruned does not come back. */
function keeping(archived: ArchivedSet, places: ReadonlyMap<string, number>, now: Date): (values: Values) => boolean {
  const since = keptFrom(archived, now);
  const place = places.get(archived.settings.by ?? '');
  if (since === null || place === undefined) {
    return () => true;
  }
  const first = Date.parse(since);
  return (values) => {
    const text = values[place] ?? null;
    return text === null || !(Date.parse(text) < first);
  };
}

/** Takes whoever was erased out of the rows, as loads of files do, and treats personal data as the metadata says. Throws PersonalKeyMissing. */
export async function rowTreatment(
  transaction: Transaction,
  catalogue: Catalogue,
  { archived, now }: { readonly archived: ArchivedSet; readonly now: Date },
): Promise<RowTreatment> {
  const { name, source, live } = archived;
  const erasures = await countErasures(transaction);
  const digests = erasures === 0 ? [] : await erasedDigests(transaction, source);
  const places = new Map([...live.entityType.properties.keys()].map((property, place) => [property, place]));
  let left = 0;
  const requireNoNewErasure = async (): Promise<void> => {
    if ((await countErasures(transaction)) !== erasures) {
      throw new GatewayError('Busy', `Somebody was erased while ${name} was copied: it is copied again.`, {
        retryAfter: 1,
      });
    }
  };
  const isKept = keeping(archived, places, now);
  const treatments = [...treatmentsOf(catalogue, archived)].flatMap(([property, treat]) => {
    const place = places.get(property);
    return place === undefined ? [] : [[place, treat] as const];
  });
  const treated = (values: Values): Values => {
    for (const [place, treat] of treatments) {
      const value = values[place] ?? null;
      values[place] = value === null ? null : treat(value);
    }
    return values;
  };
  if (digests.length === 0) {
    return { treat: (values) => (isKept(values) ? treated(values) : null), erased: () => 0, requireNoNewErasure };
  }
  const persons = Persons.remembered(digests, requiredKey(catalogue, 'whoever was erased, to be known again,'));
  const rules = new ErasureRules(catalogue, name);
  return {
    treat: (values) => {
      if (!isKept(values)) {
        return null;
      }
      const erasure = rules.decide(persons, (property) => values[places.get(property) ?? -1] ?? null);
      if (erasure.kind === 'keep') {
        return treated(values);
      }
      if (erasure.kind === 'remove') {
        left += 1;
        return null;
      }
      return treated(
        values.map((value, place) => ([...erasure.properties].some((one) => places.get(one) === place) ? null : value)),
      );
    },
    erased: () => left,
    requireNoNewErasure,
  };
}
