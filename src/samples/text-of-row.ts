import type { ExportColumn } from '../catalogue/catalogue.ts';
import { countedText } from './key-pool.ts';
import { pick, randomIndex } from './random.ts';
import { firstNames, lastNames, messages } from './sample-texts.ts';

interface TextOf {
  readonly seed: number;
  readonly name: string;
  readonly number: number;
  readonly edition: number;
}

/** A text of the kind that the metadata says the column holds. */
export function textOfRow(column: ExportColumn, { seed, name, number, edition }: TextOf): string {
  const parts = [name, column.property, number, edition] as const;
  if (column.personalData === 'content') {
    return pick(messages, seed, ...parts);
  }
  if (column.example.startsWith('http')) {
    return countedText(column.example, randomIndex(5000, seed, ...parts));
  }
  if (column.example.includes('@')) {
    return variedText(column.example, number);
  }
  const ofPerson = column.personalData === 'direct' || column.personalData === 'employee';
  if (ofPerson && /name|identifier/i.test(column.property) && !/group/i.test(column.property)) {
    return `${pick(firstNames, seed, ...parts)} ${pick(lastNames, seed, 'last', ...parts)}`;
  }
  if (/\d/.test(column.example)) {
    return countedText(column.example, randomIndex(200, seed, ...parts));
  }
  return column.example;
}

/** Another text of the same kind as the example, the same for the same index. */
export function variedText(example: string, index: number): string {
  const at = example.indexOf('@');
  if (at > 0 && !example.includes(' ')) {
    return `${example.slice(0, at)}${index + 1}${example.slice(at)}`;
  }
  return countedText(example, index);
}
