import type { PersonalData } from '../../edm/model.ts';
import type { ColumnProfile } from './column-profile.ts';
import { wordsOf } from './names.ts';

export interface PersonalGuess {
  readonly class: PersonalData;
  readonly why: string;
}

const staff =
  /^(?:agent|employee|user|handler|operator|owner|assignee|medewerker|staff|teamlead|manager|supervisor|advisor|adviser|consultant|representative|resolver|reviewer|approver|editor|creator|coach|colleague|collega|responsible|behandelaar|behandelaren|verantwoordelijke|bearbeiter|mitarbeiter)s?$/;
/** Who did something, which says "by": created by, assigned to. */
const doing = /(?:\b(?:by|door|von)|\bassigned(?: to)?|\btoegewezen(?: aan)?)$/;
const someone =
  /^(?:customer|contact|client|person|member|caller|sender|author|visitor|patient|profile|klant|consumer|recipient|subscriber)s?$/;
const naming =
  /^(?:name|naam|firstname|lastname|surname|fullname|nickname|alias|username|handle|displayname|initials|voornaam|achternaam)$/;
const address =
  /^(?:email|mail|phone|telephone|mobile|tel|fax|address|adres|street|straat|zip|postcode|postal|iban|account|birth|birthday|birthdate|geboortedatum|dob|ssn|bsn|passport|ip|msisdn|license|plate|city|woonplaats|twitter|facebook|instagram|whatsapp)$/;
const writing =
  /^(?:text|message|body|comment|comments|note|notes|subject|description|remark|remarks|content|question|answer|feedback|review|transcript|summary|reason|url|attachment|opmerking)$/;
const id = /^(?:id|ids|uuid|guid|number|nr|no|key|code|ref|reference)$/;

/** Classes that a person has to look at, on the safe side: what is not surely about no person counts as about one. */
export function guessPersonalData(
  profile: ColumnProfile,
  kind: { readonly isText: boolean; readonly isCode: boolean; readonly isDate: boolean },
): PersonalGuess {
  const words = wordsOf(profile.header).map((word) => word.toLowerCase());
  const joined = words.join('');
  const has = (pattern: RegExp): boolean => words.some((word) => pattern.test(word)) || pattern.test(joined);
  if (profile.mails > 0) {
    return { class: 'direct', why: 'e-mail addresses' };
  }
  if (profile.phones > 0) {
    return { class: 'direct', why: 'telephone numbers' };
  }
  if (has(address) && (kind.isText || kind.isDate || has(/^(?:phone|telephone|mobile|tel|account|bsn|ssn)$/))) {
    return { class: 'direct', why: 'the header names an address, number or date of a person' };
  }
  if (!kind.isText) {
    return has(id) && (has(staff) || has(someone))
      ? { class: has(staff) ? 'employee' : 'pseudonym', why: 'the header names an id of a person' }
      : { class: 'none', why: 'numbers and times' };
  }
  if (has(staff) || doing.test(words.join(' '))) {
    return { class: 'employee', why: 'the header names somebody at work' };
  }
  if (has(id)) {
    return has(someone)
      ? { class: 'pseudonym', why: 'the header names an id of a person' }
      : { class: 'pseudonym', why: 'an id, which may be that of a person' };
  }
  if (has(naming) || has(someone)) {
    return { class: 'direct', why: 'the header names a person' };
  }
  if (has(writing) || profile.sentences * 10 > profile.filled) {
    return { class: 'content', why: 'text that somebody may have written' };
  }
  if (kind.isCode) {
    return { class: 'none', why: 'few values that come again and again' };
  }
  return { class: 'content', why: profile.filled === 0 ? 'nobody knows what will stand here' : 'many different texts' };
}
