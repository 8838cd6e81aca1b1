import { catalogueOf } from '../support/catalogue-of.ts';
import { metadataFolder } from '../support/gateway.ts';

/** The catalogue with the sets over all sources. */
export const wholeCatalogue = catalogueOf(metadataFolder);
