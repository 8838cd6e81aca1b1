import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import { converterFor } from '../convert/converter-for.ts';
import { type ChosenEncoding, chooseEncoding } from '../csv/file-encoding.ts';
import { examineFile, type FileFacts } from '../csv/file-facts.ts';
import type { RejectCode } from '../csv/reject-codes.ts';
import { dataRows } from '../identify/data-rows.ts';
import type { Identification, IdentifyOptions } from '../identify/identify-export.ts';
import { identifyFile } from '../identify/identify-file.ts';
import type { Period } from '../identify/period.ts';
import { fileTime, periodOf } from '../identify/period.ts';
import type { PassedOver } from '../identify/row-sieve.ts';
import { rejectsTooMany, tooManyRejects } from './judge-file.ts';

export interface InspectOptions extends IdentifyOptions {
  readonly period?: string;
  /** Absent: the one that it has where it lies. */
  readonly name?: string;
  /** How many faults are shown; all are counted. */
  readonly maxFaults?: number;
}

export interface InspectedFault {
  readonly line: number;
  readonly byteStart: number;
  readonly byteEnd: number;
  readonly code: RejectCode;
  readonly property: string | null;
  readonly header: string | null;
  readonly message: string;
  /** null: it is personal data. */
  readonly raw: string | null;
}

/** What a load would make of a file, found without a database. */
export interface Inspection {
  readonly facts: FileFacts;
  /** null where the file is refused before its text matters. */
  readonly encoding: ChosenEncoding | null;
  readonly identified: Identification | null;
  /** Why a load would refuse the file; null: it would not. */
  readonly refusal: GatewayError | null;
  readonly period: Period | null;
  /** When the file speaks, for "newest file wins". */
  readonly fileTime: Date | null;
  readonly rows: { readonly read: number; readonly accepted: number; readonly rejected: number };
  /** Lines below the header that are no rows. */
  readonly passedOver: Readonly<PassedOver>;
  readonly faults: readonly InspectedFault[];
  readonly faultsByCode: ReadonlyMap<RejectCode, number>;
}

/** Reads a whole file as a load would, and writes nothing. Throws FileUnreadable. */
export async function inspectFile(
  path: string,
  catalogue: Catalogue,
  options: InspectOptions = {},
): Promise<Inspection> {
  const examined = await examineFile(path);
  const facts = { ...examined, name: options.name ?? examined.name };
  const nothing = { read: 0, accepted: 0, rejected: 0 };
  let identified: Identification | null = null;
  try {
    identified = await identifyFile(catalogue, facts, options);
    const known = await inspectRows(catalogue, { facts, identified, options });
    return { facts, identified, ...known };
  } catch (error) {
    if (!(error instanceof GatewayError)) {
      throw error;
    }
    const encoding =
      identified === null ? null : chooseEncoding(facts.evidence, identified.export.files.fallbackEncoding);
    const passedOver = { blank: 0, headers: 0 };
    const rows = { rows: nothing, passedOver, faults: [], faultsByCode: new Map<RejectCode, number>() };
    return { facts, encoding, identified, refusal: error, period: null, fileTime: null, ...rows };
  }
}

type Known = Omit<Inspection, 'facts' | 'identified'>;

async function inspectRows(
  catalogue: Catalogue,
  file: { readonly facts: FileFacts; readonly identified: Identification; readonly options: InspectOptions },
): Promise<Known> {
  const { facts, identified, options } = file;
  const target = identified.export;
  const period = periodOf(target, facts.name, options.period ?? null);
  const converter = converterFor(catalogue, identified.match, { period, delimiter: identified.layout.delimiter });
  const faults: InspectedFault[] = [];
  const faultsByCode = new Map<RejectCode, number>();
  let read = 0;
  let rejected = 0;
  const { records, passedOver } = dataRows(facts, identified);
  for await (const batch of records) {
    for (const record of batch) {
      const { fault, expired } = converter.convert(record);
      if (expired) {
        continue;
      }
      read++;
      if (fault === null) {
        continue;
      }
      rejected++;
      faultsByCode.set(fault.code, (faultsByCode.get(fault.code) ?? 0) + 1);
      const { line, byteStart, byteEnd } = record;
      if (faults.length < (options.maxFaults ?? 20)) {
        faults.push({ line, byteStart, byteEnd, raw: converter.keptText(record), ...fault });
      }
    }
  }
  const judged = { read, rejected, byCode: faultsByCode, first: [] };
  return {
    refusal: rejectsTooMany(target, judged) ? tooManyRejects(target, judged) : null,
    encoding: chooseEncoding(facts.evidence, target.files.fallbackEncoding),
    period,
    fileTime: fileTime(target, facts),
    rows: { read, accepted: read - rejected, rejected },
    passedOver,
    faults,
    faultsByCode,
  };
}
