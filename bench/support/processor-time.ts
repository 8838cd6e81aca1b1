import { readdirSync, readFileSync } from 'node:fs';
import { processorTime, tick } from './gateway.ts';
import type { BenchWarehouse } from './warehouse.ts';

/** Tells milliseconds of processor time that PostgreSQL has used so far, all of its processes together; null where the platform does not say. */
export async function postgresTime({ database }: Pick<BenchWarehouse, 'database'>): Promise<() => number | null> {
  const { rows } = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const parent = Number(fieldsOf(rows[0]?.pid ?? 0)?.[1] ?? 0);
  return () => {
    const own = fieldsOf(parent);
    if (own === null || parent <= 1) {
      return null;
    }
    // Processes that have ended are counted with their parent, which waits for them.
    const ended = (Number(own[13]) + Number(own[14])) * tick;
    const children = readdirSync('/proc').filter(
      (name) => /^\d+$/.test(name) && fieldsOf(Number(name))?.[1] === own[0],
    );
    const alive = [parent, ...children.map(Number)].map((pid) => processorTime(pid) ?? 0);
    return alive.reduce((sum, time) => sum + time, ended);
  };
}

/** The fields of `/proc/<pid>/stat` behind the name, with the process id in place of the state: id, parent, ... */
function fieldsOf(pid: number): readonly string[] | null {
  try {
    const [, rest = ''] = /^.*\) \S (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return [String(pid), ...rest.split(' ')];
  } catch {
    return null;
  }
}
