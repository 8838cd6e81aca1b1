/**
 * Makes the .NET readers of test/readers ready on a machine with the .NET SDK and a NuGet registry; the tests download nothing.
 *
 *   npx tsx scripts/restore-readers.ts                     the pinned versions of Microsoft.OData.Core
 *   npx tsx scripts/restore-readers.ts 7.4.0=FOLDER ...    besides, versions that somebody built from their tag of the library's
 *                                                          repository: FOLDER holds Microsoft.OData.Core.dll, Microsoft.OData.Edm.dll
 *                                                          and Microsoft.Spatial.dll
 */
import { pinned, restore } from '../test/readers/readers.ts';

for (const version of pinned) {
  console.error(`Microsoft.OData.Core ${version} from NuGet`);
  restore(version);
}
for (const given of process.argv.slice(2)) {
  const [version = '', folder] = given.split('=');
  console.error(`Microsoft.OData.Core ${version} from ${folder}`);
  restore(version, folder);
}
