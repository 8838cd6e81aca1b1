// Starts the server that a run with KEEP_DATABASES=1 has left, prints how to connect to each of its databases, and ends
// with Ctrl-C. The folder is yours to delete afterwards.
import process from 'node:process';
import pg from 'pg';
import { startEmbeddedServer } from '../src/embedded/embedded-server.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) {
  console.error('Name the folder that the test run has printed: npx tsx scripts/open-databases.ts FOLDER');
  process.exit(2);
}
const server = await startEmbeddedServer({ dataDir });
const { host, port, user, password } = server.administrator;
const url = (database: string): string =>
  `postgres://${user}:${password}@${host.startsWith('/') ? encodeURIComponent(host) : host}:${port}/${database}`;
const client = new pg.Client({ connectionString: url('postgres') });
await client.connect();
const { rows } = await client.query<{ name: string }>(
  "SELECT datname AS name FROM pg_database WHERE datname LIKE 't\\_%' ORDER BY oid",
);
await client.end();
for (const { name } of rows) {
  console.log(url(name));
}
console.log('Ctrl-C ends the server.');
process.once('SIGINT', () => {
  void server.stop().then(() => process.exit(0));
});
// The pending server keeps nothing alive by itself.
setInterval(() => {}, 2 ** 30);
