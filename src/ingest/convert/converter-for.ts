import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { HeaderMatch } from '../identify/match-header.ts';
import type { Period } from '../identify/period.ts';
import { indexedTexts } from './indexed-texts.ts';
import { RowConverter } from './row-converter.ts';

/** What converts the rows of a file with this header, of this period. Throws Internal where the catalogue has no such set. */
export function converterFor(catalogue: Catalogue, match: HeaderMatch, period: Period | null): RowConverter {
  const entitySet = catalogue.model.entitySets.get(match.export.set);
  if (entitySet === undefined) {
    throw new GatewayError('Internal', `There is no set ${match.export.set}`);
  }
  const limits = indexedTexts(catalogue, match.export);
  return new RowConverter(match.export, entitySet.entityType, { header: match, period, limits });
}
