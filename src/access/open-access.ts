import type { Catalogue } from '../catalogue/catalogue.ts';
import type { AccessEvent } from '../observation/events/access.ts';
import type { Observe } from '../observation/observe.ts';
import { bindGrants, type SetRule } from '../plan/bind/grants.ts';
import { alsoWithheld, everything, type Grants } from '../plan/grants.ts';
import { type CredentialWatch, watchedLines } from '../sign-in/files/watched-lines.ts';
import type { Principal } from '../sign-in/principal.ts';
import { type Access, FileAccess } from './access.ts';
import type { AccessDocument } from './access-schema.ts';
import { readAccess } from './read-access.ts';
import { isForAdministrators, rawProperties } from './role-rules.ts';

export interface AccessPlace {
  /** What the metadata documents: rules are checked against it when the file changes. */
  readonly catalogue: Catalogue;
  /** Whom OPERATORS names, or whoever reaches a gateway of this machine alone: counts where there is no file. */
  readonly isOperator: (principal: Principal | null) => boolean;
  readonly observe: Observe<AccessEvent>;
  /** Told what becomes of a changed file. */
  readonly watch: CredentialWatch['observe'];
}

/**
 * The rules of `ACCESS_FILE`, read again when it changes; a faulty one changes nothing. null: there is no file.
 * @throws Error with all faults where the file is no good to begin with
 */
export function openAccess(file: string | null, { catalogue, isOperator, observe, watch }: AccessPlace): Access {
  if (file === null) {
    return withoutRules(isOperator);
  }
  const read = (name: string) => {
    const { document, faults } = readAccess(name, catalogue);
    return { lines: document === null ? [] : [document], faults };
  };
  let fault: string | null = null;
  const watched = watchedLines<AccessDocument>(file, read, {
    setting: 'ACCESS_FILE',
    observe: (event) => {
      fault = event.event === 'credentials' ? event.fault : fault;
      watch(event);
    },
  });
  let version: string | null = null;
  let current: Access = new FileAccess({ roles: {} }, observe);
  const now = (): Access => {
    const { lines, version: read } = watched.now();
    if (read !== version) {
      version = read;
      current = new FileAccess(lines[0] ?? { roles: {} }, observe);
    }
    return current;
  };
  return {
    grantsOf: (principal, catalogue) => now().grantsOf(principal, catalogue),
    allows: (principal, operation) => now().allows(principal, operation),
    rolesOf: (principal) => now().rolesOf(principal),
    refused: () => {
      now();
      return fault;
    },
  };
}

/**
 * Where nobody made a rule: whoever is let in reads, save the audit and the text of rejected rows. Operators have the text of rejected rows, and
 * may do all operations; the audit is for those of them who signed in.
 */
function withoutRules(isOperator: AccessPlace['isOperator']): Access {
  const grants = new WeakMap<Catalogue, Map<boolean, Grants>>();
  return {
    grantsOf: (principal, catalogue) => {
      const withRaw = isOperator(principal);
      if (withRaw && principal !== null) {
        return everything;
      }
      const known = grants.get(catalogue) ?? new Map<boolean, Grants>();
      grants.set(catalogue, known);
      const made = known.get(withRaw) ?? openGrants(catalogue, withRaw);
      known.set(withRaw, made);
      return made;
    },
    allows: (principal, operation) => operation === 'read' || isOperator(principal),
    rolesOf: () => [],
    refused: () => null,
  };
}

function openGrants(catalogue: Catalogue, withRaw: boolean): Grants {
  const sets = [...catalogue.model.entitySets.values()].filter(({ name }) => !isForAdministrators(name));
  const rules = sets.map(({ name, entityType }): readonly [string, SetRule] => {
    const raw = withRaw ? [] : (rawProperties.get(name) ?? []);
    const shown = [...entityType.properties.keys()].filter((one) => !raw.includes(one));
    return [name, raw.length === 0 ? {} : { properties: shown }];
  });
  const withheld = [...(catalogue.withheld?.keys() ?? [])].filter((name) => !catalogue.model.entitySets.has(name));
  return alsoWithheld(bindGrants(new Map(rules), catalogue), withheld);
}
