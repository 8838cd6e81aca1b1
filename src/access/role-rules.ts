import type { Catalogue } from '../catalogue/catalogue.ts';
import type { EntitySet, PersonalData } from '../edm/model.ts';
import { GatewayError } from '../errors.ts';
import type { SetRule } from '../plan/bind/grants.ts';
import { perhaps } from '../plan/bind/names.ts';
import type { ReadDocument, RoleDocument } from './access-schema.ts';

/** Sets that only administrators have by `all` or `sources`; others have to name them. */
const forAdministrators: ReadonlySet<string> = new Set(['AuditEvents']);

/** Properties of sets that hold rows as they came: for administrators, and where they are named. */
export const rawProperties: ReadonlyMap<string, readonly string[]> = new Map([['LoadRejects', ['RawText']]]);

/** Names of sets that are there to be named and are not for everybody. */
export const isForAdministrators = (set: string): boolean => forAdministrators.has(set);

export const mayAdminister = ({ operations }: RoleDocument): boolean => operations?.includes('administer') ?? false;

export const mayRead = ({ operations = ['read'] }: RoleDocument): boolean => operations.includes('read');

/** The sets that an entry is about, by name, also those that the catalogue does not serve now. */
export function setsOf(read: ReadDocument, role: RoleDocument, catalogue: Catalogue): readonly string[] {
  const named = new Set(read.sets ?? []);
  for (const { name, source } of catalogue.sets.values()) {
    const whole = read.all === true || (read.sources?.includes(source) ?? false);
    const left = read.except?.includes(name) ?? false;
    if (whole && !left && (mayAdminister(role) || !isForAdministrators(name))) {
      named.add(name);
    }
  }
  return [...named];
}

/**
 * What an entry lets see of a set, without its rows. A property without a class counts as `content`, as nobody has
 * described it.
 * @throws GatewayError GrantInvalid for names that the set has not, and where the key would be hidden
 */
export function ruleOf(read: ReadDocument, role: RoleDocument, set: EntitySet): SetRule {
  const { columns, hide = [], hideClasses = [], mask = [] } = read;
  const { key, properties } = set.entityType;
  for (const name of [...(columns ?? []), ...hide]) {
    if (!properties.has(name)) {
      throw invalid(set, `it has no property '${name}'.${perhaps(name, properties.keys())}`);
    }
  }
  const named = read.sets?.includes(set.name) === true && (columns?.length ?? 0) > 0;
  const raw = mayAdminister(role) || named ? [] : (rawProperties.get(set.name) ?? []);
  const isOf = (classes: readonly PersonalData[], name: string): boolean =>
    classes.includes(properties.get(name)?.personalData ?? 'content');
  const isHidden = (name: string): boolean => hide.includes(name) || raw.includes(name) || isOf(hideClasses, name);
  const shown = [...properties.keys()].filter(
    (name) => (columns === undefined || columns.includes(name) || key.includes(name)) && !isHidden(name),
  );
  const masked = shown.filter((name) => isOf(mask, name));
  return {
    ...(shown.length === properties.size ? {} : { properties: shown }),
    ...(masked.length === 0 ? {} : { masked }),
  };
}

const invalid = ({ name }: EntitySet, message: string): GatewayError =>
  new GatewayError('GrantInvalid', `The rule of '${name}': ${message}`, { target: name });
