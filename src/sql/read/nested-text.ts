import type { PrimitiveTypeName } from '../../edm/model.ts';
import { GatewayError } from '../../errors.ts';

/** One column of a row that is served: its SQL, and how its text is made when it stands in a nested collection. */
export interface OutputColumn {
  readonly sql: string;
  /** `array`: text that is nested already and never null. */
  readonly type: PrimitiveTypeName | 'array';
}

/** Separators by depth, outermost first: the control bytes that COPY and the escapes leave free. */
const separators: readonly { readonly rowEnd: number; readonly columnEnd: number }[] = [
  { rowEnd: 0x01, columnEnd: 0x02 },
  { rowEnd: 0x03, columnEnd: 0x04 },
  { rowEnd: 0x05, columnEnd: 0x06 },
  { rowEnd: 0x0e, columnEnd: 0x0f },
  { rowEnd: 0x10, columnEnd: 0x11 },
  { rowEnd: 0x12, columnEnd: 0x13 },
  { rowEnd: 0x14, columnEnd: 0x15 },
  { rowEnd: 0x16, columnEnd: 0x17 },
  { rowEnd: 0x18, columnEnd: 0x19 },
];

/** The separators of a nested collection, `depth` 0 for one in a served row. Throws GatewayError LimitExceeded below the ninth. */
export function separatorsAt(depth: number): { readonly rowEnd: number; readonly columnEnd: number } {
  const found = separators[depth];
  if (found === undefined) {
    throw new GatewayError('LimitExceeded', `$expand goes deeper than ${separators.length} collections.`, {
      target: '$expand',
    });
  }
  return found;
}

/** The text of one nested row, its end included, as `FieldShape` of kind `array` describes it. */
export function rowText(columns: readonly OutputColumn[], depth: number): string {
  const { rowEnd, columnEnd } = separatorsAt(depth);
  if (columns.length === 0) {
    return byte(rowEnd);
  }
  const texts = columns.map(columnText).join(', ');
  return `array_to_string(ARRAY[${texts}], ${byte(columnEnd)}, ${byte(0x1d)}) || ${byte(rowEnd)}`;
}

function columnText({ sql, type }: OutputColumn): string {
  if (type === 'array') {
    return sql;
  }
  if (type !== 'Edm.String') {
    return `(${sql})::text`;
  }
  return `CASE WHEN ${sql} ~ E'[\\\\u0001-\\\\u0007\\\\u000e-\\\\u001f]' THEN ${escaped(sql)} ELSE ${sql} END`;
}

/** Seldom needed, so it may be slow: every character looked at. */
function escaped(sql: string): string {
  const code =
    "CASE WHEN ascii(x.c) < 32 AND x.c !~ E'[\\\\u0008-\\\\u000d]' THEN chr(27) || chr(ascii(x.c) + 64) ELSE x.c END";
  return `(SELECT string_agg(${code}, '' ORDER BY x.i) FROM string_to_table(${sql}, NULL) WITH ORDINALITY AS x(c, i))`;
}

function byte(code: number): string {
  return `E'\\x${code.toString(16).padStart(2, '0')}'`;
}
