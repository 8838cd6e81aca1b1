import type { ExportColumn } from '../catalogue/catalogue.ts';
import { countedText } from './key-pool.ts';
import { pick, randomIndex } from './random.ts';
import { firstNames, lastNames, messages } from './sample-texts.ts';

interface TextOf {
  readonly seed: number;
  readonly name: string;
  readonly number: number;
  /** Number of whom the row is about. */
  readonly person: number;
  readonly edition: number;
}

/** A text of the kind that the metadata says the column holds. */
export function textOfRow(column: ExportColumn, { seed, name, number, person, edition }: TextOf): string {
  const parts = [name, column.property, number, edition] as const;
  if (column.personalData === 'content') {
    return pick(messages, seed, ...parts);
  }
  if (column.example.startsWith('http')) {
    return countedText(column.example, randomIndex(5000, seed, ...parts));
  }
  if (column.example.includes('@')) {
    return person === 0 ? column.example : variedText(column.example, person);
  }
  const ofPerson = column.personalData === 'direct' || column.personalData === 'employee';
  if (ofPerson && /name|identifier/i.test(column.property) && !/group/i.test(column.property)) {
    return personName(column, seed, person);
  }
  if (/\d/.test(column.example)) {
    return countedText(column.example, randomIndex(200, seed, ...parts));
  }
  return column.example;
}

/** A person of all sources: the same number is the same person, be it an agent or a customer. */
export const personName = ({ personalData }: ExportColumn, seed: number, person: number): string =>
  `${pick(firstNames, seed, personalData, person)} ${pick(lastNames, seed, personalData, 'last', person)}`;

/** Another text of the same kind as the example, the same for the same index. */
export function variedText(example: string, index: number): string {
  const at = example.indexOf('@');
  if (at > 0 && !example.includes(' ')) {
    return `${example.slice(0, at)}${index + 1}${example.slice(at)}`;
  }
  return countedText(example, index);
}
