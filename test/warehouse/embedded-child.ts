/** A gateway as far as its server goes: starts it over the folder given, says so, and stays. */
import { startEmbeddedServer } from '../../src/embedded/embedded-server.ts';

const [, , dataDir = '', mode] = process.argv;
try {
  const server = await startEmbeddedServer({ dataDir });
  console.log(JSON.stringify(server.address));
  if (mode === 'stop') {
    await server.stop();
  } else {
    setInterval(() => {}, 1000);
  }
} catch (error) {
  console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
  process.exitCode = 1;
}
