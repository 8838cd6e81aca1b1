/**
 * Makes the feed of test/upstreams/aspnet ready on a machine with the .NET SDK and a NuGet registry; the tests download nothing.
 *
 *   npx tsx scripts/restore-upstreams.ts
 */
import { restoreService } from '../test/upstreams/aspnet/service.ts';

console.error('Microsoft.AspNetCore.OData from NuGet');
restoreService();
