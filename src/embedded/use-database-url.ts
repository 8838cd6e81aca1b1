/** The sentence every failure to run a server here ends with. */
export const useDatabaseUrl =
  'Set DATABASE_URL to a PostgreSQL 16 or newer, for example postgres://user:password@host:5432/gateway.';
