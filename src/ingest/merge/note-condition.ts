import { quoteIdentifier } from '../../sql/identifier.ts';
import { escapeText } from '../../sql/literal.ts';
import type { CellMerge } from './carried-cells.ts';
import { filledLine, saysCell } from './kept-cells.ts';

/** The load that stated the stored row `t` last. */
export const lastLoad = 'coalesce(t._place >> 31, t._load_id)';

/** A SELECT of the loads of the file's header. */
export const alikeLoads = ({ file }: Pick<CellMerge, 'file'>): string =>
  `SELECT l.load_id FROM gateway.load o JOIN gateway.load l ON l.source = o.source AND l.export = o.export AND md5(l.header::text) = md5(o.header::text) AND l.state = 'loaded' WHERE o.load_id = ${BigInt(file.loadId)}`;

/**
 * Whether a row that says the same changes nothing in the stored one but how new it and its kept cells are: it was stated last by a file
 * of the same header, so that cells which others lack are the same ones, and the cells that it says have marks that only get newer.
 * `isAlike`: whether a load is one of some, as SQL.
 */
export function noteCondition(
  { table, file, shape }: CellMerge,
  isAlike: (load: string, loads: string) => string = (load, loads) => `${load} IN (${loads})`,
): string {
  const states = [...shape.states].map(escapeText).join(', ');
  const marked = table.kept.map((kept) => {
    const [cell, stamp] = [`t.${quoteIdentifier(kept.column)}`, `t.${quoteIdentifier(kept.stamp)}`];
    const { winner } = kept;
    const sameWinner =
      winner === null
        ? ''
        : ` AND t.${quoteIdentifier(winner.mark)} IS NOT DISTINCT FROM t.${quoteIdentifier(winner.column)}`;
    return `s.${filledLine(kept)} IS NULL AND CASE WHEN ${saysCell(kept)} THEN ${stamp} IS NOT NULL${sameWinner} ELSE ${stamp} IS NOT NULL OR ${cell} IS NULL END`;
  });
  return [
    't._stamp < $1::timestamptz',
    isAlike(lastLoad, alikeLoads({ file })),
    ...(shape.others === null || states === '' ? [] : [`(t._cells IS NULL OR NOT t._cells ?| ARRAY[${states}])`]),
    ...marked,
  ].join(' AND ');
}
