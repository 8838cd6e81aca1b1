import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import { openAccess } from '../../access/open-access.ts';
import { readAccess } from '../../access/read-access.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { loadCatalogue } from '../../catalogue/read-metadata.ts';
import type { Config, Environment } from '../../config.ts';
import { operatorRule } from '../../http/console/operators.ts';
import type { Observation } from '../../observation/observation.ts';
import type { Observe } from '../../observation/observe.ts';
import { noClaims, type Principal } from '../../sign-in/principal.ts';
import { claimsOf } from '../../sign-in/token/principal-of.ts';
import type { Finding } from '../support/finding.ts';

/** Throws an Error with all faults of the file of rules. */
export function accessOf(
  config: Config,
  place: { readonly catalogue: Catalogue; readonly signsIn: boolean; readonly observe: Observe<Observation> },
): Access {
  const { catalogue, signsIn, observe } = place;
  const isOperator = operatorRule({ ...config, signsIn });
  return openAccess(config.accessFile, { catalogue, isOperator, observe, watch: observe });
}

/** Faults of the file of rules, and what `serve` and `check` warn of. */
export function accessFaults(
  { accessFile }: Config,
  catalogue: Catalogue,
): { readonly faults: readonly string[]; readonly warnings: readonly string[] } {
  if (accessFile === null) {
    const warning =
      'ACCESS_FILE is not set: whoever is let in reads all sets, save AuditEvents and the text of rejected rows (docs/rights.md)';
    return { faults: [], warnings: [warning] };
  }
  const { faults, warnings } = readAccess(accessFile, catalogue);
  const named = (all: readonly string[]): readonly string[] => all.map((one) => `ACCESS_FILE: ${one}`);
  return { faults: named(faults), warnings: named(warnings) };
}

/** A file of rules that a gateway would refuse, for `gateway status`: one that serves goes on with those of before. */
export function accessFindings(config: Config, environment: Environment): readonly Finding[] {
  const { catalogue } = loadCatalogue(config.metadataDir, environment);
  const faults = catalogue === null || config.accessFile === null ? [] : accessFaults(config, catalogue).faults;
  return faults.map((message): Finding => ({ level: 'error', kind: 'access-file', message }));
}

const claimsSchema = z.record(z.string(), z.unknown());

/**
 * Somebody to explain a request as: a line of a file of passwords or keys by its name; with claims whoever has a token that says them.
 * @throws SyntaxError, ZodError for claims that are no JSON object
 */
export function explainedPrincipal(name: string, claims: string | undefined): Principal {
  if (claims === undefined) {
    return { id: `key:${name}`, name, kind: 'key', tenant: null, claims: noClaims };
  }
  const said = claimsSchema.parse(JSON.parse(claims));
  const tenant = said['tid'] ?? said['iss'];
  return {
    id: name,
    name,
    kind: 'tid' in said ? 'entra' : 'oidc',
    tenant: typeof tenant === 'string' ? tenant : null,
    claims: claimsOf(said),
  };
}
