import type { Catalogue } from '../../src/catalogue/catalogue.ts';
import type { Environment } from '../../src/catalogue/compile/documents/expand-environment.ts';
import { readMetadata, requireCatalogue } from '../../src/catalogue/read-metadata.ts';

const known = new Map<string, Catalogue>();

/** What `requireCatalogue` gives, built once in a process for the same files: that takes half a second of the product's. */
export function catalogueOf(directory: string, environment: Environment = {}): Catalogue {
  const key = JSON.stringify([readMetadata(directory), Object.entries(environment)]);
  const catalogue = known.get(key) ?? requireCatalogue(directory, environment);
  known.set(key, catalogue);
  return catalogue;
}
