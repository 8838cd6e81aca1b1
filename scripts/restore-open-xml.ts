/**
 * Makes Microsoft's validator of workbooks (DocumentFormat.OpenXml) ready for test/connect on a machine with the .NET SDK and a
 * NuGet registry; the tests download nothing.
 *
 *   npx tsx scripts/restore-open-xml.ts
 */
import { restoreValidator } from '../test/connect/open-xml.ts';

console.error('DocumentFormat.OpenXml from NuGet');
restoreValidator();
