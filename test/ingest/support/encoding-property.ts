import { deepEqual, equal } from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { chooseEncoding, type FileEncoding, unitBytesOf } from '../../../src/ingest/csv/file-encoding.ts';
import { textOf } from '../../../src/ingest/csv/read-records.ts';
import { unitReader } from '../../../src/ingest/csv/text-decoding.ts';
import { CsvTokenizer } from '../../../src/ingest/csv/tokenizer.ts';
import { Utf8Census, Utf8Check } from '../../../src/ingest/csv/utf8-census.ts';
import { WideCensus } from '../../../src/ingest/csv/wide-census.ts';

const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;

/** Letters that a person of this part of the world writes, by encoding. */
const letters = {
  narrow: ['a', 'e', 'n', 'x', '7', ' ', 'é', 'è', 'ç', 'ë', 'ß', 'Ü', '€', '“', '”', '…', '«', '»', '\u00a0'],
  wide: ['a', 'x', '7', ' ', 'é', 'ß', '€', '…', 'ж', 'л', '上', '頻', '😀', '👩‍👧', '\u0085', '\u2028'],
};

const text = (units: readonly string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 24 });

const sample = fc.constantFrom(...encodings).chain((encoding) =>
  fc.record({
    encoding: fc.constant(encoding),
    texts: fc.array(text(encoding === 'windows-1252' ? letters.narrow : letters.wide), { minLength: 1, maxLength: 30 }),
    /** Rows that are damaged, and where. */
    damage: fc.array(fc.tuple(fc.nat(29), fc.nat(1000)), { maxLength: 3 }),
    cuts: fc.array(fc.nat(2000), { maxLength: 8 }),
  }),
);

/** Bytes of a text; what windows-1252 does not have is not among its letters. */
function encode(value: string, encoding: FileEncoding): Buffer {
  if (encoding === 'utf-8') {
    return Buffer.from(value, 'utf8');
  }
  if (encoding === 'utf-16le') {
    return Buffer.from(value, 'utf16le');
  }
  if (encoding === 'utf-16be') {
    return Buffer.from(value, 'utf16le').swap16();
  }
  const special: Record<string, number> = { '€': 0x80, '“': 0x93, '”': 0x94, '…': 0x85 };
  return Buffer.from([...value].map((letter) => special[letter] ?? letter.charCodeAt(0)));
}

/** Breaks one character of a row; null: it has none that can be broken so that it shows. */
function broken(row: Buffer, encoding: FileEncoding, place: number): Buffer | null {
  if (encoding.startsWith('utf-16')) {
    const lone = encode('\ud83d', encoding);
    return Buffer.concat([row, lone, encode('x', encoding)]);
  }
  if (encoding === 'windows-1252') {
    return Buffer.concat([row, Buffer.from([0x81])]);
  }
  const high = [...row.keys()].filter((at) => (row[at] ?? 0) >= 0xc2);
  const at = high[place % Math.max(high.length, 1)];
  return at === undefined ? null : Buffer.concat([row.subarray(0, at), row.subarray(at + 1)]);
}

function pieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

/** What the product makes of a text in pieces. */
function chosen(parts: readonly Buffer[]): FileEncoding {
  const [check, census, wide] = [new Utf8Check(), new Utf8Census(), new WideCensus()];
  for (const part of parts) {
    for (const one of [check, census, wide]) {
      one.push(part);
    }
  }
  check.end();
  census.end();
  equal(check.whole, isUtf8(Buffer.concat(parts)));
  const { multiByte, malformed } = census;
  const evidence = { bom: null, bomBytes: 0, wide: wide.verdict(), whole: check.whole, multiByte, malformed };
  return chooseEncoding(evidence, 'windows-1252').encoding;
}

/**
 * What the whole text says, by the library's decoder: characters against the replacement characters in it. null: neither
 * is three times the other, so that a text of either encoding may look like this.
 */
function oracle(bytes: Buffer): 'utf-8' | 'windows-1252' | null {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const beyond = [...decoded].filter((letter) => letter > '\u007f');
  const lost = beyond.filter((letter) => letter === '\ufffd').length;
  const kept = beyond.length - lost;
  if (lost === 0 || kept > lost * 3) {
    return 'utf-8';
  }
  return lost > kept * 3 ? 'windows-1252' : null;
}

/** Texts in each encoding, cut anywhere and damaged: the decision is that of the whole text, and each sound row is what was written. */
export function encodingProperty(numRuns: number): void {
  fc.assert(
    fc.property(sample, ({ encoding, texts, damage, cuts }) => {
      const rows = texts.map((value, index) => encode(`${index},${value.trim()}`, encoding));
      const damaged = new Set<number>();
      for (const [row, place] of damage) {
        const bytes = rows[row];
        if (bytes === undefined || damaged.has(row)) {
          continue;
        }
        const worse = broken(bytes, encoding, place);
        if (worse === null) {
          continue;
        }
        rows[row] = worse;
        damaged.add(row);
      }
      const end = encode('\n', encoding);
      const header = encode('Id,Name of it', encoding);
      const bytes = Buffer.concat([header, ...rows].flatMap((row) => [row, end]));
      const found = chosen(pieces(bytes, cuts));
      equal(found, chosen([bytes]), 'the same however the text is cut');
      if (encoding.startsWith('utf-16')) {
        equal(found, encoding);
      } else {
        const whole = oracle(bytes);
        if (whole !== null) {
          equal(found, whole);
        }
      }
      if (found !== encoding) {
        return;
      }
      deepEqual(
        read(pieces(bytes, cuts), encoding).slice(1),
        texts.map((value, index) => (damaged.has(index) ? 'INVALID_ENCODING' : [String(index), value.trim()])),
      );
    }),
    { numRuns },
  );
}

function read(parts: readonly Buffer[], encoding: FileEncoding): readonly (readonly string[] | string)[] {
  const units = unitReader(encoding);
  const tokenizer = new CsvTokenizer({
    delimiter: ',',
    lineEnd: '\n',
    unitBytes: unitBytesOf(encoding),
    byteOffset: 0,
    line: 1,
    maxRecordLength: 1_000_000,
  });
  const records = [
    ...parts.flatMap((part) => tokenizer.push(units.read(Buffer.from(part)))),
    ...tokenizer.push(units.end()),
    ...tokenizer.end(),
  ];
  return records.map(textOf(encoding)).map((record) => record.fault ?? record.fields);
}
