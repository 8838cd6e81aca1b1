import type { AdmissionLimits } from './admission.ts';

/** Connections that only light reads may have. */
const reserve = 6;

/** What of the readers' connections large reads may have, and how many of them are at work at once. */
export function admissionLimits(readers: number, heavy: number): AdmissionLimits {
  // Two readers keep the one thread busy that writes JSON: while one waits for PostgreSQL or its client, the other goes on.
  const pages = Math.max(2, heavy);
  const connections = Math.max(1, readers - reserve);
  const long = Math.max(1, heavy >> 1);
  return { pages, long, connections: Math.max(1, connections - long), waiting: 1000, lightTime: 500 };
}
