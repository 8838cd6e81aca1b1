import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { hashes, hashLength, type PersonalKey, type PersonalPolicy } from '../../catalogue/personal-data.ts';
import { maskedText, maskedTime } from '../../edm/mask.ts';
import type { EntityType } from '../../edm/model.ts';
import { normalForm } from './normal-form.ts';
import { requiredKey } from './personal-key.ts';

/** What becomes of a value; null: nothing is left of it. Applied twice it gives the same. */
export type Treatment = (value: string) => string | null;

const hashed = /^h_[0-9a-f]{32}$/;

/** Whether a text is a hash already: it tells nobody's name. */
export const isHashed = (text: string): boolean => hashed.test(text);

/** Texts whose hashes are remembered: few people send many messages. */
const mostRemembered = 20_000;

/** Turns texts into hashes. `exact`: case counts, see `normalForm`. */
export function hashing(key: PersonalKey, exact: boolean): Treatment {
  const known = new Map<string, string>();
  return (text) => {
    if (isHashed(text)) {
      return text;
    }
    const earlier = known.get(text);
    if (earlier !== undefined) {
      return earlier;
    }
    const form = normalForm(text, exact);
    if (form === '') {
      return null;
    }
    const hash = `h_${key.digest(form)}`.slice(0, hashLength);
    if (known.size >= mostRemembered) {
      known.clear();
    }
    known.set(text, hash);
    return hash;
  };
}

/** What an export does to values before they are stored. */
export interface Treatments {
  /** By property; those that are not there are kept. */
  readonly properties: ReadonlyMap<string, { readonly policy: PersonalPolicy; readonly treat: Treatment }>;
  /** Of cells under unknown headers; null: they are kept. */
  readonly extras: Treatment | null;
}

const drop: Treatment = () => null;

/** null: the export keeps all. Throws PersonalKeyMissing where something is hashed and the catalogue has no key. */
export function treatmentsOf(catalogue: Catalogue, target: Export, type: EntityType): Treatments | null {
  const { policies, extras } = target.personal;
  if (policies.size === 0 && extras === 'keep') {
    return null;
  }
  const key = hashes(target.personal) ? requiredKey(catalogue, `${target.source}/${target.name}`) : null;
  const hash = (exact: boolean): Treatment => (key === null ? drop : hashing(key, exact));
  const properties = [...policies].map(([name, policy]) => {
    const property = type.properties.get(name);
    const column = target.columns.find((one) => one.property === name);
    const kind = property?.personalData ?? 'content';
    const masked: Treatment = property?.type === 'Edm.String' ? (text) => maskedText(text, kind) : maskedTime;
    // What is computed is a key or a part of one, or the vendor's own text.
    const exact = column === undefined || column.identifies || kind === 'pseudonym';
    return [name, { policy, treat: policy === 'drop' ? drop : policy === 'hash' ? hash(exact) : masked }] as const;
  });
  return {
    properties: new Map(properties),
    extras: extras === 'keep' ? null : extras === 'drop' ? drop : hash(false),
  };
}
