export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export type Cell = string | number | null;

/** A table of one workload, and what the targets say about it. */
export interface Report {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** One line each: what was wanted, what was seen. */
  readonly verdicts: readonly string[];
}

/** `at least 0.65: 0.68 met` */
export function verdict(
  what: string,
  seen: number,
  wanted: { readonly atLeast: number } | { readonly below: number },
): string {
  const met = 'atLeast' in wanted ? seen >= wanted.atLeast : seen < wanted.below;
  const target = 'atLeast' in wanted ? `at least ${text(wanted.atLeast)}` : `below ${text(wanted.below)}`;
  return `${what}: ${target} wanted, ${text(seen)} seen: ${met ? 'met' : 'MISSED'}`;
}

function text(cell: Cell): string {
  if (cell === null) {
    return '-';
  }
  if (typeof cell === 'string') {
    return cell;
  }
  if (Number.isInteger(cell)) {
    return cell.toLocaleString('en');
  }
  return Math.abs(cell) >= 100
    ? Math.round(cell).toLocaleString('en')
    : cell.toFixed(Math.abs(cell) >= 10 ? 1 : cell >= 0.1 ? 2 : 3);
}

export function print({ title, columns, rows, verdicts }: Report): void {
  const lines = [columns, ...rows].map((row) => row.map(text));
  const widths = columns.map((_, index) => Math.max(3, ...lines.map((line) => line[index]?.length ?? 0)));
  const padded = lines.map((line) => `| ${line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`);
  padded.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  process.stdout.write(`\n## ${title}\n\n${padded.join('\n')}\n\n${verdicts.map((line) => `- ${line}\n`).join('')}`);
}

export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
