import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database, StandbyState, StandbyStatus } from '../../warehouse/database.ts';

const states: readonly StandbyState[] = ['current', 'behind', 'lost'];

/** How the standbys of READ_DATABASE_URL are, by their places there. Where none are read, there are no such figures. */
export function standbyGauges(register: Registry, database: Database): void {
  const statuses = (): readonly StandbyStatus[] => database.occupancy().standbys ?? [];
  if (statuses().length === 0) {
    return;
  }
  const registers = [register];
  new Gauge({
    name: 'gateway_standby_lag_seconds',
    help: 'How old the rows of a standby may be.',
    labelNames: ['standby'],
    registers,
    collect() {
      setLags(this, statuses(), ({ seconds }) => seconds);
    },
  });
  new Gauge({
    name: 'gateway_standby_lag_bytes',
    help: 'Bytes of the write-ahead log that a standby has not replayed.',
    labelNames: ['standby'],
    registers,
    collect() {
      setLags(this, statuses(), ({ bytes }) => bytes);
    },
  });
  new Gauge({
    name: 'gateway_standby_state',
    help: 'Whether a standby is read (current), too far behind, or lost.',
    labelNames: ['standby', 'state'],
    registers,
    collect() {
      for (const { number, state } of statuses()) {
        for (const one of states) {
          this.set({ standby: number, state: one }, one === state ? 1 : 0);
        }
      }
    },
  });
  new Counter({
    name: 'gateway_standby_reads_total',
    help: 'Reads that a standby was asked for.',
    labelNames: ['standby'],
    registers,
    collect() {
      this.reset();
      for (const { number, reads } of statuses()) {
        this.inc({ standby: number }, reads);
      }
    },
  });
  new Counter({
    name: 'gateway_standby_reads_handed_on_total',
    help: 'Reads that a standby was asked for and another server had to do: it was lost, or had not caught up.',
    labelNames: ['standby'],
    registers,
    collect() {
      this.reset();
      for (const { number, handedOn } of statuses()) {
        this.inc({ standby: number }, handedOn);
      }
    },
  });
}

/** What is not known is not there. */
function setLags(
  gauge: Gauge<'standby'>,
  statuses: readonly StandbyStatus[],
  of: (lag: NonNullable<StandbyStatus['lag']>) => number,
): void {
  gauge.reset();
  for (const { number, lag } of statuses) {
    if (lag !== null) {
      gauge.set({ standby: number }, of(lag));
    }
  }
}
