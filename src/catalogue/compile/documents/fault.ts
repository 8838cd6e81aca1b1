/** A place inside one metadata document: keys and indexes from its root. */
export type FaultPath = readonly (string | number)[];

/** Something wrong in one metadata file, worded for whoever edits it. */
export interface Fault {
  /** Relative to the metadata directory, `/` as separator. */
  readonly file: string;
  readonly path: FaultPath;
  /** 1-based; null where the place has no line, e.g. a missing file. */
  readonly line: number | null;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** One line per fault: `file:line path: message. remedy`. */
export function faultText(fault: Fault): string {
  const place = fault.line === null ? fault.file : `${fault.file}:${fault.line}`;
  const inside = fault.path.length === 0 ? '' : ` ${pathText(fault.path)}`;
  return `${place}${inside}: ${fault.message} ${fault.remedy}`;
}

/** `properties.CaseId.aliases[0]`. */
export function pathText(path: FaultPath): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
