import type { Answer } from '../explore/answer.ts';
import { shortDate } from '../text/zone.ts';
import type { LoadsByExport } from './calendar.ts';

/**
 * Rows read by day (`days`, ISO dates), a series each source, the greatest first; or of the chosen export alone. Sources without a row in these days have none:
 * nor have files that were refused before anybody knew whose they are. `loads`: as `readLoads` gives them.
 */
export function volumeOf(
  days: readonly string[],
  loads: LoadsByExport,
  { chosen, titles }: { readonly chosen: string | null; readonly titles: ReadonlyMap<string, string> },
): Answer {
  const bySource = new Map<string, number[]>();
  for (const [key, one] of loads) {
    const [source = ''] = key.split('/');
    if (chosen !== null && key !== chosen) {
      continue;
    }
    const name = chosen ?? titles.get(source) ?? source;
    const sums = bySource.get(name) ?? days.map(() => 0);
    bySource.set(
      name,
      sums.map((sum, index) => sum + (one.get(days[index] ?? '')?.rows ?? 0)),
    );
  }
  const series = [...bySource]
    .map(([name, values]) => ({ name, values, total: values.reduce((sum, one) => sum + one, 0) }))
    .filter(({ total }) => chosen !== null || total > 0);
  return { steps: days.map(shortDate), series: series.sort((a, b) => b.total - a.total), additive: true, others: 0 };
}
