import { Gauge, type Registry } from 'prom-client';
import { type ExportFigures, exportFigures } from '../../ingest/ledger/export-figures.ts';
import type { Database } from '../../warehouse/database.ts';
import { heldFigures } from './held-figures.ts';
import { standbyGauges } from './standby-gauges.ts';

const gauges = {
  loadAge: ['gateway_export_last_load_age_seconds', 'Seconds since a file of an export was loaded last.'],
  newestRowAge: ['gateway_export_newest_row_age_seconds', 'Seconds since the time of the newest row of an export.'],
  late: ['gateway_export_late', 'Whether the last file that is expected of an export is not there.'],
  missing: ['gateway_export_missing_files', 'Files that were expected of an export and are not there.'],
  openRejects: ['gateway_rejects_open', 'Rejected rows that wait for somebody.'],
  refusedFiles: [
    'gateway_refused_files_open',
    'Refused and failed files that wait for somebody; an export, or source, that nobody could tell is empty.',
  ],
} as const satisfies Record<Exclude<keyof ExportFigures, 'source' | 'export'>, readonly [name: string, help: string]>;

/** Says how many connections are in use: those of loads may be of another database object. */
export type Busy = Pick<Database, 'occupancy'>;

/** What PostgreSQL is asked for when somebody scrapes, and what the program has of it at hand. */
export class WarehouseFigures {
  /** `holds`: milliseconds that figures of the ledger hold, however many ask. */
  constructor(
    register: Registry,
    database: Database,
    { holds, busy }: { readonly holds: number; readonly busy: Busy },
  ) {
    const figures = heldFigures(() => exportFigures(database), holds);
    const registers = [register];
    const labelNames = ['source', 'export'] as const;
    for (const [kind, [name, help]] of Object.entries(gauges)) {
      new Gauge({
        ...{ name, help, labelNames, registers },
        async collect() {
          // What is not known is not there: an old figure would look like one of now.
          this.reset();
          for (const one of await figures()) {
            const value = one[kind as keyof typeof gauges];
            if (value !== null) {
              this.set({ source: one.source, export: one.export }, value);
            }
          }
        },
      });
    }
    new Gauge({
      name: 'gateway_postgres_connections',
      help: 'Connections to PostgreSQL: of readers, and of loads and bookkeeping (owner).',
      labelNames: ['pool', 'state'],
      registers,
      collect() {
        for (const [pool, { connections, idle }] of Object.entries(busy.occupancy().pools)) {
          this.set({ pool, state: 'idle' }, idle);
          this.set({ pool, state: 'used' }, connections - idle);
        }
      },
    });
    new Gauge({
      name: 'gateway_postgres_connection_waiters',
      help: 'Whoever waits for a connection to PostgreSQL.',
      labelNames: ['pool'],
      registers,
      collect() {
        for (const [pool, { waiting }] of Object.entries(busy.occupancy().pools)) {
          this.set({ pool }, waiting);
        }
      },
    });
    standbyGauges(register, database);
    new Gauge({
      name: 'gateway_large_reads',
      help: 'Large reads that work, and those that wait for their turn.',
      labelNames: ['state'],
      registers,
      collect() {
        const { working, waiting } = database.occupancy().largeReads;
        this.set({ state: 'working' }, working);
        this.set({ state: 'waiting' }, waiting);
      },
    });
  }
}
