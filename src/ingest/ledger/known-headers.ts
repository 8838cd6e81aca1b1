import type { Catalogue, Export, ExportColumn } from '../../catalogue/catalogue.ts';
import { foldHeader } from '../../catalogue/compile/export/fold-header.ts';
import type { Database, Transaction } from '../../warehouse/database.ts';

type Asker = Pick<Database | Transaction, 'query'>;

/** What an export's metadata knew of its headers when a gateway last looked. */
interface HeaderRecord {
  /** By folded header: all that decides which property its cells become, and how. */
  readonly headers: Readonly<Record<string, string>>;
  /** By folded header that is not known any more: the last load that was made while it was. */
  readonly gone: Readonly<Record<string, string>>;
}

/** An export whose headers mean something else than before. */
export interface ChangedExport {
  readonly target: Export;
  /** Folded headers that are new, or whose cells become values otherwise. */
  readonly changed: ReadonlySet<string>;
  /** Those of them that were known once, each with the last load from when they were. */
  readonly returned: ReadonlyMap<string, string>;
}

/** The exports of which the metadata says otherwise than it was noted. One statement. */
export async function changedExports(asker: Asker, catalogue: Catalogue): Promise<readonly ChangedExport[]> {
  const records = await readRecords(asker);
  return catalogue.exports.flatMap((target) => {
    const former = records.get(nameOf(target));
    const now = headersOf(catalogue, target);
    const changed = Object.keys(now).filter((header) => former?.headers[header] !== now[header]);
    const lost = Object.keys(former?.headers ?? {}).filter((header) => !(header in now));
    if (changed.length + lost.length === 0) {
      return [];
    }
    const returned = changed.flatMap((header) => {
      const load = former?.gone[header];
      return load === undefined ? [] : [[header, load] as const];
    });
    return [{ target, changed: new Set(changed), returned: new Map(returned) }];
  });
}

/** Notes what the metadata says now. */
export async function noteHeaders(transaction: Transaction, catalogue: Catalogue, target: Export): Promise<void> {
  const former = (await readRecords(transaction)).get(nameOf(target));
  const now = headersOf(catalogue, target);
  const { rows } = await transaction.query<{ last: string }>(
    `SELECT coalesce(max(load_id), 0)::text AS last FROM gateway.load`,
  );
  const lost = Object.keys(former?.headers ?? {}).filter((header) => !(header in now));
  const gone = Object.fromEntries([
    ...Object.entries(former?.gone ?? {}).filter(([header]) => !(header in now)),
    ...lost.map((header) => [header, rows[0]?.last ?? '0'] as const),
  ]);
  await transaction.query(
    `INSERT INTO gateway.known_headers (source, export, headers, gone) VALUES ($1, $2, $3, $4) ON CONFLICT (source, export) DO UPDATE SET headers = excluded.headers, gone = excluded.gone`,
    [target.source, target.name, JSON.stringify(now), JSON.stringify(gone)],
  );
}

/**
 * A load by a gateway that runs with other metadata than it was noted last keeps cells in Extras that the newer one knows: its own
 * headers are noted in their place, so that the newer one looks for them at its next start.
 */
export async function keepHeadersTrue(transaction: Transaction, catalogue: Catalogue, target: Export): Promise<void> {
  await transaction.query(
    `UPDATE gateway.known_headers SET headers = $3 WHERE source = $1 AND export = $2 AND headers <> $3::jsonb`,
    [target.source, target.name, JSON.stringify(headersOf(catalogue, target))],
  );
}

async function readRecords(asker: Asker): Promise<ReadonlyMap<string, HeaderRecord>> {
  const { rows } = await asker.query<{ source: string; export: string; headers: string; gone: string }>(
    `SELECT source, export, headers::text, gone::text FROM gateway.known_headers`,
  );
  return new Map(
    rows.map((row) => [
      nameOf({ source: row.source, name: row.export }),
      {
        headers: JSON.parse(row.headers) as HeaderRecord['headers'],
        gone: JSON.parse(row.gone) as HeaderRecord['gone'],
      },
    ]),
  );
}

const nameOf = ({ source, name }: Pick<Export, 'source' | 'name'>): string => `${source}/${name}`;

function headersOf(catalogue: Catalogue, target: Export): HeaderRecord['headers'] {
  const properties = catalogue.model.entitySets.get(target.set)?.entityType.properties;
  const { nullTokens, dateTimePatterns, timeZone } = target.files;
  const reading = [nullTokens, dateTimePatterns, timeZone];
  const told = (column: ExportColumn): string => {
    const { type, maxLength, precision, scale } = properties?.get(column.property) ?? {};
    const { property, encoding, emptyAs, joinedTo, position } = column;
    return JSON.stringify([
      property,
      encoding,
      emptyAs,
      joinedTo,
      position,
      type,
      maxLength,
      precision,
      scale,
      reading,
    ]);
  };
  // Two columns cannot share a header; where both were refused, the first one counts as in `matchHeader`.
  return Object.fromEntries(
    [...target.columns]
      .reverse()
      .flatMap((column) => column.headers.map((header) => [foldHeader(header.text), told(column)] as const)),
  );
}
