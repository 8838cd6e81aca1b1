import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import type { Database } from '../../../src/warehouse/database.ts';

/** Tables of all stored sets that loads fill. */
export async function createFeedTables(database: Database, catalogue: Catalogue): Promise<void> {
  const statements = [...catalogue.sets.values()].flatMap((set) => {
    if (set.kind !== 'stored' || set.role === 'ledger' || set.role === 'codeList') return [];
    const key = catalogue.model.entitySets.get(set.name)?.entityType.key ?? [];
    const columns = [...set.columns.values()]
      .filter((column) => !column.name.startsWith('_'))
      .map(({ name, sqlType }) => `"${name}" ${sqlType}${sqlType === 'text' ? ' COLLATE "C"' : ''}`);
    return [
      `CREATE TABLE feed."${set.relation.name}" (${columns.join(', ')}, _row bigint GENERATED ALWAYS AS IDENTITY UNIQUE, _version bigint, _load_id bigint, _line integer, _loaded_at timestamptz, _hash text, _deleted_at timestamptz, _stamp timestamptz, PRIMARY KEY (${key.map((name) => `"${set.columns.get(name)?.name ?? name}"`).join(', ')}))`,
    ];
  });
  await database.query(statements.join(';\n'));
}
