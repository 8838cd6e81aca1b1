/**
 * Gets the PostgreSQL versions beside the embedded one that test/backup/other-servers.test.ts moves a database to and from; the tests
 * download nothing.
 *
 *   npx tsx scripts/fetch-other-servers.ts
 */
import { fetchPrograms, otherVersions } from '../test/backup/support/other-server.ts';

for (const version of otherVersions) {
  console.error(`PostgreSQL ${version} from npm`);
  fetchPrograms(version);
}
