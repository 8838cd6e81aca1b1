import type { Catalogue } from '../../catalogue/catalogue.ts';
import { GatewayError } from '../../errors.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';
import { requiredKey } from '../personal/personal-key.ts';
import { anyHashes } from '../personal/treated-sets.ts';

/** Why a key is needed, for people. */
const whoNeeds = (catalogue: Catalogue): string =>
  anyHashes(catalogue)
    ? 'what the metadata has hashed'
    : 'what is stored (hashed values, or persons who were erased and must not come back)';

/** What its digest tells nobody but whoever has the same key. */
const checkText = 'gateway: the key for personal data';

/**
 * Compares the key with the one that stored hashes were made with, by a digest. Throws PersonalKeyMissing where one is needed, and
 * PersonalKeyChanged where rows hold hashes of another one. `needed`: who needs it, whatever the metadata says. Call after `migrate`.
 */
export async function checkPersonalKey(
  database: Pick<Database | Transaction, 'query'>,
  catalogue: Catalogue,
  { needed }: { readonly needed?: string } = {},
): Promise<void> {
  const { rows } = await database.query<{ key_check: string; used: boolean }>(
    `SELECT key_check, EXISTS (SELECT FROM gateway.personal_policy WHERE policy = 'hash' OR 'hash' = ANY(remains)) OR EXISTS (SELECT FROM gateway.erasure) OR EXISTS (SELECT FROM gateway.archive, jsonb_each_text(policies) AS p(property, policy) WHERE p.policy = 'hash') AS used FROM gateway.personal_key`,
  );
  const [known] = rows;
  const uses = needed !== undefined || anyHashes(catalogue) || known?.used === true;
  if (!uses) {
    return;
  }
  const check = requiredKey(catalogue, needed ?? whoNeeds(catalogue)).digest(checkText);
  if (known?.key_check === check) {
    return;
  }
  if (known?.used === true) {
    const message =
      'The key for personal data is not the one that stored values and erased persons were hashed with: nobody of them would be known again';
    throw new GatewayError('PersonalKeyChanged', message);
  }
  await database.query(
    `INSERT INTO gateway.personal_key (key_check) VALUES ($1) ON CONFLICT (only_one) DO UPDATE SET key_check = excluded.key_check`,
    [check],
  );
}
