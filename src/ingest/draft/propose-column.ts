import type { Encoding } from '../../catalogue/catalogue.ts';
import type { DecimalMark } from '../../catalogue/cells/number-text.ts';
import type { typeNames } from '../../catalogue/compile/schema/schema.ts';
import type { PersonalData } from '../../edm/model.ts';
import type { ColumnProfile } from './column-profile.ts';
import { wordsOf } from './names.ts';
import { guessPersonalData } from './personal-guess.ts';

export type TypeName = (typeof typeNames)[number];

/** What is proposed for one column, with the evidence in words. */
export interface ColumnProposal {
  readonly profile: ColumnProfile;
  readonly type: TypeName;
  /** null: the usual one of the type. */
  readonly encoding: Encoding | null;
  readonly personalData: PersonalData;
  readonly example: string;
  /** Set of the source whose key this is; null: none is known. */
  readonly references: string | null;
  /** Written behind a #, each on a line of its own. */
  readonly evidence: readonly string[];
}

/** What the columns of a file settle together. */
export interface FileEvidence {
  /** null: no number shows it, or some show the one and some the other. */
  readonly decimalMark: DecimalMark | null;
  readonly dayFirst: boolean | null;
  /** The column that settled it. */
  readonly settledBy: string | null;
}

/** A key of a set of the same source, by its header. */
export interface KnownKey {
  readonly set: string;
  readonly type: TypeName;
  readonly example: string;
}

const idWords =
  /^(?:id|ids|uuid|guid|nr|no|number|nummer|code|key|ref|reference|zip|postcode|phone|tel|telephone|iban|sku|ean|serial)$/;
const timeWords =
  /^(?:time|date|datum|tijd|at|created|updated|changed|modified|closed|opened|started|ended|expires|since|until|timestamp|stamp|rowdate|start|end|login|logout|unix)$/;
const durationWords = /^(?:duration|seconds|sec|handling|wait|waiting|talk|hold|spent|length|aht|elapsed|average|avg)$/;
const yesNoWords = /^(?:is|has|was|can|should|did|are|flag)$/;
const plainWords = new Set(['true', 'false', 'yes', 'no', 'ja', 'nee', 'oui', 'non']);

/** Decides from what held of all cells. `known`: keys of the source by folded header. */
export function proposeColumn(profile: ColumnProfile, file: FileEvidence, known: KnownKey | null): ColumnProposal {
  const kind = typeOf(profile, file, known);
  const isCode = isCodeLike(profile);
  const isText = kind.type === 'String';
  const isDate = ['Date', 'DateTimeOffset'].includes(kind.type);
  const guess = guessPersonalData(profile, { isText, isCode, isDate });
  const values =
    isText && isCode && guess.class === 'none' && profile.values > 0
      ? [`few values, a code list may be worth it (rows, docs/metadata.md): ${valuesOf(profile)}`]
      : [];
  return {
    profile,
    type: kind.type,
    encoding: kind.encoding ?? null,
    references: kind.references ?? null,
    personalData: guess.class,
    example: kind.references === undefined ? exampleOf(profile, kind.type, guess.class) : (known?.example ?? '1'),
    evidence: [
      kind.why,
      ...(kind.more ?? []),
      ...nullsOf(profile, isText),
      ...values,
      `guess: ${guess.class}, ${guess.why}`,
    ],
  };
}

const nullsOf = ({ nullWords }: ColumnProfile, isText: boolean): readonly string[] =>
  isText || nullWords.size === 0
    ? []
    : [`words that mean no value: ${[...nullWords].map(([word, times]) => `${word} (${count(times)})`).join(', ')}`];

/** The same column as text: what every cell can be. */
export const asText = (proposal: ColumnProposal, why: string): ColumnProposal => ({
  ...proposal,
  type: 'String',
  encoding: null,
  references: null,
  example: exampleOf(proposal.profile, 'String', proposal.personalData),
  evidence: [why, ...proposal.evidence.slice(1)],
});

/** Digits from which a column without a shorter number counts nothing. */
const longNumber = 9;

interface Kind {
  readonly type: TypeName;
  readonly encoding?: Encoding;
  readonly references?: string;
  readonly why: string;
  readonly more?: readonly string[];
}

function typeOf(profile: ColumnProfile, file: FileEvidence, known: KnownKey | null): Kind {
  const { readings, values, filled } = profile;
  const words = wordsOf(profile.header).map((word) => word.toLowerCase());
  const says = (pattern: RegExp): boolean => words.some((word) => pattern.test(word));
  const all = `${count(values)} of ${count(filled)} values are`;
  if (values === 0) {
    return { type: 'String', why: filled === 0 ? 'no row has a value here' : 'only words that mean no value' };
  }
  if (known !== null && (known.type === 'String' || (known.type === 'Int64' && readings.has('integer')))) {
    return { type: known.type, references: known.set, why: `the header is that of the key of ${known.set}` };
  }
  if (readings.has('boolean') && isYesNo(profile, says(yesNoWords))) {
    return { type: 'Boolean', why: `${all} yes or no (${valuesOf(profile)})` };
  }
  if (readings.has('unix') && says(timeWords)) {
    return { type: 'DateTimeOffset', encoding: 'unix-seconds', why: `${all} unix times of 2000 to 2040` };
  }
  const isId = idWords.test(words.at(-1) ?? '');
  if (readings.has('integer') && isId) {
    return { type: 'String', why: `${all} whole numbers, but the header names an id, which is text` };
  }
  if (readings.has('integer') && profile.shortest >= longNumber && !readings.has('unix')) {
    return {
      type: 'String',
      why: `${all} numbers of ${profile.shortest} digits and more, as ids and telephone numbers have`,
    };
  }
  if (readings.has('integer')) {
    const more = readings.has('unix') ? ['they could be unix times: encoding unix-seconds of DateTimeOffset'] : [];
    return { type: 'Int64', why: `${all} whole numbers`, more };
  }
  if (readings.has('percentage')) {
    return { type: 'Decimal', encoding: 'percentage', why: `${all} percentages` };
  }
  if (readings.has('number') && !isId) {
    return numberOf(profile, file, all);
  }
  if (readings.has('date') && !profile.hasTime) {
    return { type: 'Date', why: `${all} dates in ISO 8601` };
  }
  if (readings.has('date-time')) {
    const zone = 'those without an offset count in the time zone of the source';
    return { type: 'DateTimeOffset', why: `${all} times in ISO 8601`, more: [zone] };
  }
  if (readings.has('shaped') && profile.shapes.size > 0) {
    return shapedOf(profile, file, all);
  }
  if (readings.has('clock') && (profile.beyondDay || says(durationWords))) {
    return { type: 'Duration', encoding: 'duration-seconds', why: `${all} hours, minutes and seconds` };
  }
  if (readings.has('time')) {
    const more = readings.has('clock') ? ['they could be durations: encoding duration-seconds of Duration'] : [];
    return { type: 'TimeOfDay', why: `${all} times of day`, more };
  }
  if (readings.has('duration')) {
    return { type: 'Duration', why: `${all} durations in ISO 8601` };
  }
  return { type: 'String', why: `${count(filled)} texts of up to ${count(profile.longest)} characters` };
}

/** Words that are yes in one language may be a name in another: both must be there, or one that nobody mistakes. */
function isYesNo({ distinct }: ColumnProfile, told: boolean): boolean {
  const words = [...(distinct?.keys() ?? [])].map((word) => word.toLowerCase());
  const digits = words.every((word) => /^\d$/.test(word));
  if (digits || words.length === 0) {
    return digits && told;
  }
  return words.length > 1 || words.every((word) => plainWords.has(word)) || told;
}

function numberOf(profile: ColumnProfile, { decimalMark }: FileEvidence, all: string): Kind {
  const marks = [...profile.marks].map(([mark, times]) => `${count(times)} show "${mark}"`).join(', ');
  if (profile.marks.size > 1) {
    return { type: 'String', why: `numbers with either decimal mark (${marks}): state decimalMark, then Decimal` };
  }
  if (profile.ambiguous > 0 && profile.marks.size === 0 && decimalMark === null) {
    const why = `${count(profile.ambiguous)} values such as ${profile.firstCell} may mean two numbers: state decimalMark, then Decimal`;
    return { type: 'String', why };
  }
  return { type: 'Decimal', why: `${all} numbers${marks === '' ? '' : `, ${marks} before the fraction`}` };
}

function shapedOf(profile: ColumnProfile, { dayFirst, settledBy }: FileEvidence, all: string): Kind {
  const shapes = [...profile.shapes.values()];
  const settled = shapes.every((shape) => shape.dayFirst === shape.monthFirst);
  const { first, second } = profile.dayPlaces;
  const hasTime = shapes.some((shape) => shape.hasTime);
  const type = hasTime ? 'DateTimeOffset' : 'Date';
  if (settled) {
    return { type, why: `${all} dates written as ${shapes.map((shape) => shape.dayFirst).join(' or ')}` };
  }
  if (dayFirst === null || (first > 0 && second > 0) || (dayFirst ? second : first) > 0) {
    const why = `dates such as ${profile.firstCell}, of which nobody can tell whether the day or the month stands first: state dateTimePatterns, then ${type}`;
    return { type: 'String', why };
  }
  const own = first + second > 0;
  const evidence = own
    ? `in ${count(first + second)} of them only the ${first > 0 ? 'first' : 'second'} number can be the day`
    : `the order is that of ${settledBy}`;
  return { type, why: `${all} dates, the ${dayFirst ? 'day' : 'month'} first: ${evidence}` };
}

const mostCodes = 25;

/** Few short values that come again and again. */
export function isCodeLike({ distinct, filled, longest }: ColumnProfile): boolean {
  return (
    distinct !== null && distinct.size > 0 && distinct.size <= mostCodes && filled >= 5 * distinct.size && longest <= 40
  );
}

/** The values of a column, the most frequent first. */
function valuesOf({ distinct }: ColumnProfile): string {
  const sorted = [...(distinct ?? [])].sort(([, one], [, other]) => other - one);
  const shown = sorted.slice(0, 12).map(([value, times]) => `${value} (${count(times)})`);
  return [...shown, ...(sorted.length > 12 ? ['...'] : [])].join(', ');
}

/** A cell that shows the form and tells nothing of a person. */
function exampleOf(profile: ColumnProfile, type: TypeName, personalData: PersonalData): string {
  const cell = profile.markedCell ?? profile.firstCell;
  if (type === 'Date' && personalData !== 'none' && profile.readings.has('date')) {
    return '1980-01-31';
  }
  if (type !== 'String') {
    return cell ?? '1';
  }
  if (personalData === 'none' && isCodeLike(profile)) {
    return cell ?? 'text';
  }
  if (profile.mails > 0) {
    return 'jan@example.com';
  }
  if (personalData === 'content') {
    return 'Some text';
  }
  if (personalData === 'direct' && !/\d/.test(cell ?? '')) {
    return 'Jan Jansen';
  }
  return masked(cell ?? 'text');
}

/** The shape of an id without its letters and digits. */
const masked = (cell: string): string =>
  [...cell]
    .slice(0, 40)
    .join('')
    .replace(/\p{Nd}/gu, '1')
    .replace(/\p{Lu}/gu, 'A')
    .replace(/[\p{L}]/gu, (letter) => (letter === 'A' ? letter : 'a'));

export const count = (number: number): string => number.toLocaleString('en-US');
