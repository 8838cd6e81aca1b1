import { GatewayError } from '../errors.ts';
import { openContainer } from '../ingest/container/open-container.ts';
import { examineFile, type FileFacts } from '../ingest/csv/file-facts.ts';
import { inspectMembers } from '../ingest/delivery/paths/inspect-members.ts';
import { foldersAbove } from '../ingest/delivery/paths/path-files.ts';
import { type Inspection, type InspectOptions, inspectFile } from '../ingest/load/inspect-file.ts';
import { exitCodes } from './support/exit-code.ts';
import { catalogueOf, type Surroundings } from './support/surroundings.ts';

type Print = Surroundings['print'];

/** `gateway inspect`: what a load would make of a file, or of each member of a container. Needs no database and writes nothing. */
export async function inspectCommand(surroundings: Surroundings, file: string, given: InspectOptions): Promise<number> {
  const { print, config } = surroundings;
  const options = { directory: foldersAbove(file), ...given };
  const catalogue = catalogueOf(surroundings);
  const facts = await examineFile(file);
  try {
    const container = await openContainer(catalogue, facts, { directory: options.directory, limits: config.unpack });
    if (container === null) {
      return printInspection(print, await inspectFile(file, catalogue, options));
    }
    try {
      printFacts(print, facts);
      const codes: number[] = [];
      for await (const one of inspectMembers(container, catalogue, { ...options, below: facts.name })) {
        print('');
        print(`member     ${one.member.path}, changed ${one.member.modifiedAt.toISOString()}`);
        codes.push(one.found === null ? printRefusal(print, one.refusal) : printInspection(print, one.found));
      }
      return codes.find((code) => code === exitCodes.failed) ?? Math.max(exitCodes.ok, ...codes);
    } finally {
      await container.close();
    }
  } catch (error) {
    if (!(error instanceof GatewayError) || error.recovery !== 'skippable') {
      throw error;
    }
    printFacts(print, facts);
    return printRefusal(print, error);
  }
}

function printInspection(print: Print, found: Inspection): number {
  printFacts(print, found.facts);
  if (found.encoding !== null) {
    print(`encoding   ${found.encoding.encoding}`);
  }
  if (found.identified !== null) {
    const { export: target, by, layout, match } = found.identified;
    print(`export     ${target.source}/${target.name} (${target.title}), found by ${by}, goes into ${target.set}`);
    print(`delimiter  ${JSON.stringify(layout.delimiter)}`);
    print(`columns    ${match.matched} recognised`);
    if (match.unknown.length > 0) {
      print(`unknown    ${match.unknown.join(', ')} (kept in Extras)`);
    }
    if (match.missing.length > 0) {
      print(`missing    ${match.missing.join(', ')}`);
    }
  }
  if (found.period !== null) {
    print(`period     ${found.period.start.toISOString()} to ${found.period.end.toISOString()}`);
  }
  const { read, accepted, rejected } = found.rows;
  if (found.refusal === null || read > 0) {
    print(`rows       ${read} read, ${accepted} good, ${rejected} would be rejected`);
  }
  const { blank, headers } = found.passedOver;
  if (blank + headers > 0) {
    print(`passed     ${blank} lines without a value, ${headers} that repeat the header: no rows`);
  }
  for (const fault of found.faults) {
    print(`  line ${fault.line}${fault.header === null ? '' : `, ${fault.header}`}: ${fault.code}: ${fault.message}`);
  }
  if (found.refusal !== null) {
    return printRefusal(print, found.refusal);
  }
  return rejected > 0 ? exitCodes.partial : exitCodes.ok;
}

function printFacts(print: Print, { name, bytes, sha256 }: FileFacts): void {
  print(`file       ${name}, ${bytes} bytes, sha256 ${sha256}`);
}

/** null: nothing is wrong with it, and nothing of it is loaded. */
function printRefusal(print: Print, refusal: GatewayError | null): number {
  if (refusal === null) {
    print('left alone no export, by its name');
    return exitCodes.ok;
  }
  print(`refused    ${refusal.code}: ${refusal.message}`);
  print(`           ${refusal.remedy}`);
  return exitCodes.failed;
}
