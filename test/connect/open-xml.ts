import path from 'node:path';
import { buildProgram, builtFolder, type DotNetProgram, dotnet, lackOf, restoreProgram } from '../support/dot-net.ts';

/** Packages and the built program, outside of what the repository holds. */
const folder = path.join(import.meta.dirname, '.restored');

const validator: DotNetProgram = {
  project: path.join(import.meta.dirname, 'validator', 'Validator.csproj'),
  packages: path.join(folder, 'packages'),
  folder: path.join(folder, 'validator'),
  properties: [],
};

/** Downloads what the validator needs, and builds it. */
export const restoreValidator = (): void => restoreProgram(validator);

/** Why the validator cannot run now; null: it can. */
export const validatorMissing = (): string | null => lackOf(validator, 'scripts/restore-open-xml.ts');

/** What DocumentFormat.OpenXml finds wrong with a workbook. Downloads nothing. */
export function openXmlFaults(file: string): readonly string[] {
  buildProgram(validator);
  return JSON.parse(dotnet([path.join(builtFolder(validator), 'validator.dll'), file])) as string[];
}
