import { LRUCache } from 'lru-cache';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { GatewayError } from '../errors.ts';
import type { AccessEvent } from '../observation/events/access.ts';
import type { Observe } from '../observation/observe.ts';
import { bindGrants, type SetRule } from '../plan/bind/grants.ts';
import { alsoWithheld, type Grants } from '../plan/grants.ts';
import type { Principal } from '../sign-in/principal.ts';
import type { Expression } from '../uri/syntax.ts';
import type { AccessDocument, Operation, RoleDocument } from './access-schema.ts';
import { fits, isUndecided } from './principal-roles.ts';
import { mayRead, ruleOf, setsOf } from './role-rules.ts';
import { type ClaimType, claimExpression, claimTypes, type NamedClaim, withoutUser } from './user-claims.ts';

/** What everybody may do who is let in. All but `refused` throw GatewayError AccessDenied for a token without the groups that decide about it. */
export interface Access {
  /** What somebody may see; the same object as long as rules, catalogue, roles and the claims that matter are the same. */
  grantsOf(principal: Principal | null, catalogue: Catalogue): Grants;
  /** Whether somebody may do this at all. */
  allows(principal: Principal | null, operation: Operation): boolean;
  /** Names of the roles that somebody has, in the order of the file. */
  rolesOf(principal: Principal | null): readonly string[];
  /** Why the file as it lies there is not the one in force; null: it is. */
  refused(): string | null;
}

/** Grants of principals that are remembered for one catalogue. */
const mostGrants = 2000;

/** An entry of a role about one set, with the types of the claims in its condition. */
interface PreparedRule {
  readonly rule: SetRule;
  readonly condition: string | null;
  readonly claims: readonly (NamedClaim & { readonly type: ClaimType })[];
}

type Prepared = ReadonlyMap<string, readonly PreparedRule[]>;

/** The rules of a file. What cannot be bound to a catalogue grants nothing there, and is told once. */
export class FileAccess implements Access {
  readonly #document: AccessDocument;
  readonly #observe: Observe<AccessEvent>;
  readonly #prepared = new WeakMap<Catalogue, Map<string, Prepared>>();
  readonly #grants = new WeakMap<Catalogue, LRUCache<string, Grants>>();

  constructor(document: AccessDocument, observe: Observe<AccessEvent>) {
    this.#document = document;
    this.#observe = observe;
  }

  rolesOf(principal: Principal | null): readonly string[] {
    const roles = Object.entries(this.#document.roles);
    if (roles.some(([, { who }]) => isUndecided(who, principal))) {
      throw groupsMissing();
    }
    return roles.filter(([, { who }]) => fits(who, principal)).map(([name]) => name);
  }

  refused(): null {
    return null;
  }

  allows(principal: Principal | null, operation: Operation): boolean {
    return this.rolesOf(principal).some((name) => {
      const { operations = ['read'] } = this.#role(name);
      return operations.includes(operation);
    });
  }

  grantsOf(principal: Principal | null, catalogue: Catalogue): Grants {
    const prepared = this.rolesOf(principal).map((name) => [name, this.#preparedRole(name, catalogue)] as const);
    const claim = (name: string): unknown => this.#claimOf(principal, name);
    const named = new Set(
      prepared.flatMap(([, sets]) =>
        [...sets.values()].flatMap((rules) => rules.flatMap(({ claims }) => claims.map(({ name }) => name))),
      ),
    );
    if (principal?.claims.groupsWithheld === true && named.has('groups') && claim('groups') === undefined) {
      throw groupsMissing();
    }
    const key = JSON.stringify([
      prepared.map(([name]) => name),
      [...named].map((name) => [name, ordered(claim(name))]),
    ]);
    const known = this.#grants.get(catalogue) ?? new LRUCache<string, Grants>({ max: mostGrants });
    this.#grants.set(catalogue, known);
    const before = known.get(key);
    if (before !== undefined) {
      return before;
    }
    const made = this.#bound(
      prepared.map(([, sets]) => sets),
      claim,
      catalogue,
    );
    known.set(key, made);
    return made;
  }

  /** Of a password or key what the file says, and its name as `sub`; of a token what the token says. */
  #claimOf(principal: Principal | null, name: string): unknown {
    if (principal === null) {
      return undefined;
    }
    if (principal.kind === 'entra' || principal.kind === 'oidc') {
      return principal.claims.all.get(name);
    }
    const { claims = {} } = this.#document;
    const own = Object.hasOwn(claims, principal.name) ? claims[principal.name] : undefined;
    if (own !== undefined && Object.hasOwn(own, name)) {
      return own[name];
    }
    return name === 'sub' ? principal.name : undefined;
  }

  #role(name: string): RoleDocument {
    return this.#document.roles[name] ?? { who: [] };
  }

  #preparedRole(name: string, catalogue: Catalogue): Prepared {
    const roles = this.#prepared.get(catalogue) ?? new Map<string, Prepared>();
    this.#prepared.set(catalogue, roles);
    const made = roles.get(name) ?? this.#prepare(name, catalogue);
    roles.set(name, made);
    return made;
  }

  #prepare(name: string, catalogue: Catalogue): Prepared {
    const role = this.#role(name);
    const sets = new Map<string, PreparedRule[]>();
    for (const read of mayRead(role) ? (role.read ?? []) : []) {
      for (const set of setsOf(read, role, catalogue)) {
        const found = catalogue.model.entitySets.get(set);
        if (found === undefined) {
          // Why it is not served may be told to whoever may read it.
          if (catalogue.withheld?.has(set) === true) {
            sets.set(set, sets.get(set) ?? []);
          }
          continue;
        }
        try {
          const rule = ruleOf(read, role, found);
          const text = read.rows === undefined ? null : withoutUser(read.rows);
          const bind = (aliases: ReadonlyMap<string, Expression>): void => {
            bindGrants(
              new Map([[set, { ...rule, ...(text === null ? {} : { rows: text.text }), aliases }]]),
              catalogue,
            );
          };
          const types = claimTypes(text ?? { text: '', claims: [] }, bind);
          const claims = (text?.claims ?? []).map((one) => ({ ...one, type: types.get(one.alias) ?? 'string' }));
          sets.set(set, [...(sets.get(set) ?? []), { rule, condition: text?.text ?? null, claims }]);
        } catch (error) {
          if (!(error instanceof GatewayError)) {
            throw error;
          }
          this.#observe({ event: 'access-rule', role: name, set, reason: error.message });
        }
      }
    }
    return sets;
  }

  #bound(roles: readonly Prepared[], claim: (name: string) => unknown, catalogue: Catalogue): Grants {
    const rules = new Map<string, readonly SetRule[]>();
    const withheld: string[] = [];
    for (const name of new Set(roles.flatMap((one) => [...one.keys()]))) {
      const all = roles.flatMap((one) => one.get(name) ?? []).map((one) => ruleFor(one, claim));
      if (all.length === 0) {
        withheld.push(name);
      } else {
        rules.set(
          name,
          all.map((one) => bindable(name, one, catalogue)),
        );
      }
    }
    return alsoWithheld(bindGrants(rules, catalogue), withheld);
  }
}

/** The rule for somebody with these claims. Without one of them, or with one of another type, it gives no row, whatever the condition makes of it. */
function ruleFor({ rule, condition, claims }: PreparedRule, claim: (name: string) => unknown): SetRule {
  if (condition === null) {
    return rule;
  }
  const aliases = new Map<string, Expression>();
  for (const { alias, name, type, list } of claims) {
    const value = claimExpression(claim(name), type, list);
    if (value === null) {
      return { ...rule, rows: 'false' };
    }
    aliases.set(alias, value);
  }
  return { ...rule, rows: condition, ...(aliases.size === 0 ? {} : { aliases }) };
}

/** A claim may be of the right type and have no room in its place: then it gives no row, too. */
function bindable(name: string, rule: SetRule, catalogue: Catalogue): SetRule {
  if (rule.aliases === undefined) {
    return rule;
  }
  try {
    bindGrants(new Map([[name, rule]]), catalogue);
    return rule;
  } catch (error) {
    if (error instanceof GatewayError) {
      const { aliases: _, ...others } = rule;
      return { ...others, rows: 'false' };
    }
    throw error;
  }
}

/** Fewer rows than somebody may see look like all of them: he is told instead. */
const groupsMissing = (): GatewayError =>
  new GatewayError(
    'AccessDenied',
    'Your token leaves out the groups you are in, as they are more than fit into it, and rights are given by groups here: have a role of the application given to you, or have the token name the groups of this application alone',
  );

const ordered = (value: unknown): unknown => (Array.isArray(value) ? [...value].sort() : (value ?? null));
