import { boundedMatches } from '../../catalogue/bounded-matches.ts';
import { buildCatalogue } from '../../catalogue/compile/build-catalogue.ts';
import type { Environment } from '../../catalogue/compile/documents/expand-environment.ts';
import { faultText } from '../../catalogue/compile/documents/fault.ts';
import type { MetadataFile } from '../../catalogue/compile/documents/parse-document.ts';
import { checkModel } from '../../edm/check-model.ts';
import { GatewayError } from '../../errors.ts';
import { tableFaults, wantedTables } from '../../warehouse/tables/wanted-tables.ts';
import type { RejectCode } from '../csv/reject-codes.ts';
import { inspectFile } from '../load/inspect-file.ts';
import type { ScannedHeader } from './scan-header.ts';

interface Trial {
  readonly environment: Environment;
  readonly source: string;
  /** Of the export. */
  readonly name: string;
  /** The metadata file of the export. */
  readonly file: string;
  readonly files: readonly ScannedHeader[];
}

/** As many faults as tell which columns are wrong. */
const mostFaults = 10_000;

/** What a trial found. */
export interface TrialResult {
  /** Properties that are wrong, each with the reason. */
  readonly wrong: ReadonlyMap<string, string>;
  /** Rows that cannot be cut into columns, by code; null: nothing was read. */
  readonly broken: ReadonlyMap<RejectCode, number> | null;
  /** Files that are refused because of these, by name. */
  readonly refused: readonly string[];
}

/**
 * Checks metadata with a draft as `gateway check` does, and reads the files as a load would. Throws Internal where something else than a
 * property is wrong: that would be a defect of the draft.
 */
export async function tryDraft(
  metadata: readonly MetadataFile[],
  { environment, source, name, file, files }: Trial,
): Promise<TrialResult> {
  const wrong = new Map<string, string>();
  const { catalogue, faults } = buildCatalogue(metadata, environment, boundedMatches);
  if (catalogue === null) {
    for (const fault of faults) {
      const [root, property] = fault.path;
      if (fault.file !== file || root !== 'properties' || typeof property !== 'string') {
        throw defect(faults.map(faultText));
      }
      wrong.set(property, fault.message);
    }
    return { wrong, broken: null, refused: [] };
  }
  const others = [
    ...checkModel(catalogue.model).map((fault) => JSON.stringify(fault)),
    ...tableFaults(wantedTables(catalogue)),
  ];
  if (others.length > 0) {
    throw defect(others);
  }
  const broken = new Map<RejectCode, number>();
  const refused: string[] = [];
  for (const { facts } of files) {
    const found = await inspectFile(facts.path, catalogue, { source, export: name, maxFaults: mostFaults });
    for (const { property, code, line } of found.faults) {
      if (property !== null) {
        // The cell itself may be about a person.
        wrong.set(property, `text, because of line ${line} of ${facts.name}: ${code}`);
      }
    }
    for (const code of new Set(found.faults.flatMap((one) => (one.property === null ? [one.code] : [])))) {
      broken.set(code, (broken.get(code) ?? 0) + (found.faultsByCode.get(code) ?? 0));
    }
    if (found.refusal?.code === 'TooManyRejects') {
      refused.push(facts.name);
    }
  }
  return { wrong, broken, refused };
}

const defect = (faults: readonly string[]): GatewayError =>
  new GatewayError('Internal', `The draft has faults: ${faults.slice(0, 5).join('; ')}`);
