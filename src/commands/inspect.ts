import { type InspectOptions, inspectFile } from '../ingest/load/inspect-file.ts';
import { exitCodes } from './exit-code.ts';
import { catalogueOf, type Surroundings } from './surroundings.ts';

/** `gateway inspect`: what a load would make of a file. Needs no database and writes nothing. */
export async function inspectCommand(
  surroundings: Surroundings,
  file: string,
  options: InspectOptions,
): Promise<number> {
  const { print } = surroundings;
  const found = await inspectFile(file, catalogueOf(surroundings), options);
  print(`file       ${found.facts.name}, ${found.facts.bytes} bytes, sha256 ${found.facts.sha256}`);
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
    print(`refused    ${found.refusal.code}: ${found.refusal.message}`);
    print(`           ${found.refusal.remedy}`);
    return exitCodes.failed;
  }
  return rejected > 0 ? exitCodes.partial : exitCodes.ok;
}
