import type { Catalogue, Export } from '../../catalogue/catalogue.ts';
import { keepsAll } from '../../catalogue/personal-data.ts';
import type { Transaction } from '../../warehouse/database.ts';
import { converterFor } from '../convert/converter-for.ts';
import { type RejectCode, rejectCodes } from '../csv/reject-codes.ts';
import { matchHeader } from '../identify/match-header.ts';
import { recordsOf } from '../load/reject-record.ts';

interface RejectRow extends Record<string, unknown> {
  readonly reject_id: string;
  readonly line: string;
  readonly property: string | null;
  readonly code: RejectCode;
  readonly message: string;
  readonly raw_text: string | null;
  readonly delimiter: string;
  readonly header: string;
}

/** Rejected rows read at once: each may have a text of 64 KiB. */
const batch = 200;

/** Treats the texts and messages of an export's rejected rows, and the samples of its drift, as its metadata says. */
export async function treatRejects(transaction: Transaction, catalogue: Catalogue, target: Export): Promise<void> {
  if (keepsAll(target.personal)) {
    return;
  }
  const { policies, extras } = target.personal;
  await transaction.query(
    `DECLARE treated_rejects NO SCROLL CURSOR FOR SELECT reject_id::text, line::text, r.property, r.code, r.message, raw_text, delimiter, l.header::text FROM gateway.reject r JOIN gateway.load l USING (load_id) WHERE l.source = $1 AND l.export = $2 AND l.header IS NOT NULL ORDER BY reject_id`,
    [target.source, target.name],
  );
  // Values as they were before: no newer file closes these rows any more, as it has the treated ones.
  await transaction.query(
    `UPDATE gateway.reject r SET key = NULL, holds = NULL FROM gateway.load l WHERE l.load_id = r.load_id AND l.source = $1 AND l.export = $2 AND r.key IS NOT NULL`,
    [target.source, target.name],
  );
  for (;;) {
    const { rows } = await transaction.query<RejectRow>(`FETCH ${batch} FROM treated_rejects`);
    if (rows.length === 0) {
      break;
    }
    for (const row of rows) {
      const raw = row.raw_text === null ? null : treatedText(catalogue, target, { ...row, raw_text: row.raw_text });
      const hidden = row.property !== null && policies.has(row.property);
      const message = hidden ? `${rejectCodes[row.code]} It is personal data and not shown.` : row.message;
      if (raw !== row.raw_text || message !== row.message) {
        await transaction.query(`UPDATE gateway.reject SET raw_text = $2, message = $3 WHERE reject_id = $1`, [
          row.reject_id,
          raw,
          message,
        ]);
      }
    }
  }
  await transaction.query('CLOSE treated_rejects');
  if (extras !== 'keep') {
    await transaction.query(`UPDATE gateway.drift SET sample = NULL WHERE source = $1 AND export = $2`, [
      target.source,
      target.name,
    ]);
  }
}

/** null where the text is not one row, or its fault is in a personal cell. */
function treatedText(
  catalogue: Catalogue,
  target: Export,
  { raw_text: text, line, delimiter, header }: RejectRow & { readonly raw_text: string },
): string | null {
  const [record, more] = recordsOf(text, { delimiter, line: Number(line) });
  if (record === undefined || more !== undefined) {
    return null;
  }
  const match = matchHeader(target, JSON.parse(header) as string[]);
  const converter = converterFor(catalogue, match, { period: null, delimiter });
  converter.convert(record);
  return converter.keptText(record);
}
