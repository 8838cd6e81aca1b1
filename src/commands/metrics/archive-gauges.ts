import { Gauge, type Registry } from 'prom-client';
import { type ArchiveFigures, archiveFigures } from '../../ingest/ledger/archive-figures.ts';
import type { Database } from '../../warehouse/database.ts';
import { heldFigures } from './held-figures.ts';

const gauges: readonly (readonly [name: string, help: string, value: (one: ArchiveFigures) => number | null])[] = [
  [
    'gateway_archive_age_seconds',
    'Seconds since the archive of a set was brought up to its feed last.',
    ({ age }) => age,
  ],
  ['gateway_archive_complete', 'Whether all of a set was copied once.', ({ complete }) => Number(complete)],
  ['gateway_archive_failing', 'Whether the last copy of a set failed.', ({ failing }) => Number(failing !== null)],
];

/** How the archives of proxied sets are, asked for when somebody scrapes. `holds`: milliseconds that this holds. */
export function archiveGauges(register: Registry, database: Database, holds: number): void {
  const figures = heldFigures(() => archiveFigures(database), holds);
  for (const [name, help, figure] of gauges) {
    new Gauge({
      ...{ name, help, labelNames: ['source', 'set'] as const, registers: [register] },
      async collect() {
        this.reset();
        for (const one of await figures()) {
          const value = figure(one);
          if (value !== null) {
            this.set({ source: one.source, set: one.set }, value);
          }
        }
      },
    });
  }
}
