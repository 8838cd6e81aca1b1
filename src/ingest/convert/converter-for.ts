import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { keptSince } from '../../catalogue/retention.ts';
import { GatewayError } from '../../errors.ts';
import type { HeaderMatch } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import { treatmentsOf } from '../personal/treatments.ts';
import { indexedTexts } from './indexed-texts.ts';
import { type KeptSince, RowConverter } from './row-converter.ts';

/** What else is to be known of a file than its header. */
export interface FileSetting {
  readonly period: Period | null;
  /** In which rejected rows are kept. */
  readonly delimiter: string;
}

/**
 * What converts the rows of a file with this header. Throws Internal where the catalogue has no such set, and PersonalKeyMissing where
 * it has no key and something is to be hashed.
 */
export function converterFor(
  catalogue: Catalogue,
  match: HeaderMatch,
  { period, delimiter }: FileSetting,
): RowConverter {
  const entitySet = catalogue.model.entitySets.get(match.export.set);
  if (entitySet === undefined) {
    throw new GatewayError('Internal', `There is no set ${match.export.set}`);
  }
  const limits = indexedTexts(catalogue, match.export);
  const { entityType } = entitySet;
  const treatments = treatmentsOf(catalogue, match.export, entityType);
  return new RowConverter(match.export, entityType, {
    header: match,
    period,
    limits,
    treatments,
    delimiter,
    keptSince: oldestOf(match.export),
  });
}

function oldestOf({ retention }: Export): KeptSince | null {
  return retention === null ? null : { by: retention.by, since: keptSince(retention.keep, new Date()) };
}
