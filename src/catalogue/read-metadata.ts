import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../errors.ts';
import { matchesWithin, patternPatience } from './bounded-matches.ts';
import type { Catalogue } from './catalogue.ts';
import { buildCatalogue, type CatalogueResult } from './compile/build-catalogue.ts';
import type { Environment } from './compile/documents/expand-environment.ts';
import { faultText } from './compile/documents/fault.ts';
import type { MetadataFile } from './compile/documents/parse-document.ts';

/** Folder below the metadata directory that holds the generated editor schemas. */
const schemaFolder = 'schema';

/**
 * Reads every `*.yaml` directly in the directory and one folder down, and builds the catalogue from them. Faults of the
 * files are returned, all of them.
 * @param environment values for `${NAME}`; the process environment is not read here.
 * @param patience milliseconds that a pattern may take for the texts it is tried with.
 * @throws GatewayError MetadataInvalid where the directory cannot be read.
 */
export function loadCatalogue(
  directory: string,
  environment: Environment,
  patience = patternPatience,
): CatalogueResult {
  return buildCatalogue(readMetadata(directory), environment, matchesWithin(patience));
}

/**
 * The catalogue of a directory.
 * @throws GatewayError MetadataInvalid whose message lists every fault with file, line and place.
 */
export function requireCatalogue(directory: string, environment: Environment): Catalogue {
  const { catalogue, faults } = loadCatalogue(directory, environment);
  if (catalogue !== null) {
    return catalogue;
  }
  const list = faults.map((fault) => `  ${faultText(fault)}`).join('\n');
  const count = faults.length === 1 ? 'There is 1 fault' : `There are ${faults.length} faults`;
  throw new GatewayError('MetadataInvalid', `${count} in the metadata:\n${list}`, { target: directory });
}

/** The texts of the metadata files, names relative to the directory with `/`. */
export function readMetadata(directory: string): readonly MetadataFile[] {
  try {
    return metadataNames(directory).map((file) => ({ file, text: readFileSync(join(directory, file), 'utf8') }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError('MetadataInvalid', `The metadata directory cannot be read: ${reason}`, {
      target: directory,
      cause,
    });
  }
}

function metadataNames(directory: string): readonly string[] {
  const isYaml = (name: string): boolean => /\.ya?ml$/i.test(name) && !name.startsWith('.');
  const entries = readdirSync(directory, { withFileTypes: true });
  const top = entries.filter((entry) => !entry.isDirectory() && isYaml(entry.name)).map((entry) => entry.name);
  const folders = entries.filter(
    (entry) => entry.isDirectory() && entry.name !== schemaFolder && !entry.name.startsWith('.'),
  );
  const inside = folders.flatMap((folder) =>
    readdirSync(join(directory, folder.name))
      .filter(isYaml)
      .map((name) => `${folder.name}/${name}`),
  );
  return [...top, ...inside].sort();
}
