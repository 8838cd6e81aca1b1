/**
 * Makes the .NET peer of `npm run bench -- dot-net` ready on a machine with the .NET SDK and a NuGet registry.
 *
 *   npx tsx scripts/restore-peers.ts
 */
import { restoreDotNetPeer } from '../bench/support/dot-net-peer.ts';

console.error('Microsoft.AspNetCore.OData, Entity Framework Core and Npgsql from NuGet');
restoreDotNetPeer();
