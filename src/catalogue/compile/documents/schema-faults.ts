import type { z } from 'zod';
import { fileDefaultsSchema } from '../schema/schema.ts';
import type { FaultPath } from './fault.ts';

export interface SchemaFault {
  readonly path: FaultPath;
  readonly message: string;
  readonly remedy: string;
}

type Issue = z.core.$ZodIssue;

/** Keys of how files are read, which are looked for above or beside their place. */
const ofFiles: ReadonlySet<string> = new Set(Object.keys(fileDefaultsSchema.shape));

/** What the schema has against a document, one fault for each issue, worded for whoever edits the file. */
export function schemaFaults(error: z.ZodError): readonly SchemaFault[] {
  return error.issues.flatMap((issue) => issueFaults(issue, []));
}

function issueFaults(issue: Issue, before: FaultPath): readonly SchemaFault[] {
  const path = [...before, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `"${key}" is not a key that may stand here.`,
        remedy: ofFiles.has(key)
          ? 'Put it below files in source.yaml, or below fileDefaults in the file of an export.'
          : 'Correct its spelling or remove it.',
      }));
    case 'invalid_key':
      return [
        {
          path,
          message: `"${String(path[path.length - 1])}" is no legal name.`,
          remedy: 'Use a letter, then up to 127 letters, digits or _.',
        },
      ];
    case 'invalid_union':
      return unionFaults(issue, path);
    case 'invalid_type':
      return [typeFault(issue, path)];
    case 'invalid_value':
      return [
        {
          path,
          message: 'This value is not one of the known ones.',
          remedy: `Use ${issue.values.map(String).join(', ')}.`,
        },
      ];
    case 'invalid_format':
    case 'custom':
      return [{ path, message: 'This value cannot be used.', remedy: `Give ${issue.message}.` }];
    default:
      return [{ path, message: `${issue.message}.`, remedy: 'Correct the value.' }];
  }
}

function typeFault(issue: Extract<Issue, { code: 'invalid_type' }>, path: FaultPath): SchemaFault {
  const missing = issue.input === undefined && issue.message.endsWith('received undefined');
  return missing
    ? { path, message: 'This key is missing.', remedy: `Add it, with a value of type ${issue.expected}.` }
    : { path, message: `${issue.message}.`, remedy: `Give a value of type ${issue.expected}.` };
}

/** What a union without an error text of its own says. */
const unnamed = 'Invalid input';

/** The alternative that got furthest is the one that was meant. */
function unionFaults(issue: Extract<Issue, { code: 'invalid_union' }>, path: FaultPath): readonly SchemaFault[] {
  const branches = issue.errors.filter(
    (errors) => errors.length > 0 && errors.every((e) => e.code !== 'invalid_type' || e.path.length > 0),
  );
  const meant = branches[0];
  if (meant !== undefined) {
    return meant.flatMap((inner) => issueFaults(inner, path));
  }
  return [
    {
      path,
      message: 'This value has none of the forms that may stand here.',
      remedy: issue.message === unnamed ? 'See docs/metadata.md for the forms.' : `Give ${issue.message}.`,
    },
  ];
}
