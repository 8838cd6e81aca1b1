import { GatewayError } from '../../errors.ts';
import { Cursor, newSession, type ParseSession } from '../cursor.ts';
import { parseExpression } from '../expression/expression.ts';
import { parseList } from '../expression/primary.ts';
import { percentDecode } from '../path/percent-decode.ts';
import type { Expression, ODataUri } from '../syntax.ts';
import { optionNameAtEnd, optionNamesWithin, trimmedName, undisguisedName } from './disguised-name.ts';
import { settlePlusSigns } from './form-encoding.ts';
import { disguisedOption, isOptionName, isTemporalOption, type OptionName, unknownOption } from './option-names.ts';
import { type OptionsDraft, readOption } from './option-values.ts';
import { parseSearchExpression } from './search.ts';

export type ParsedQuery = Omit<ODataUri, 'path'>;

interface QueryDraft {
  readonly session: ParseSession;
  readonly options: OptionsDraft;
  readonly aliases: Map<string, Expression>;
  readonly custom: Map<string, string>;
}

/**
 * Parses the part of the URL after `?`, still percent-encoded: split at `&`, name and value at the first `=`, then each
 * decoded once. System options are known with and without `$`, in any case (OData URL Conventions 4.01, section 5).
 * Blanks around names and values are no part of them.
 */
export function parseQuery(raw: string, session: ParseSession): ParsedQuery {
  return parseSettled(settledQuery(raw, session), session);
}

/** The query with each plus sign written as what it stands for. Throws GatewayError as `settlePlusSigns` does. */
export function settledQuery(raw: string, { limits }: Pick<ParseSession, 'limits'>): string {
  return settlePlusSigns(raw, { read: (query) => parseSettled(query, newSession(limits)), difference });
}

/** Tokens and formats say nothing about blanks. */
function difference(left: ParsedQuery, right: ParsedQuery): string | null {
  const told = ['filter', 'orderby', 'select', 'expand', 'compute', 'search', 'apply', 'top', 'skip', 'count'] as const;
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  const option = told.find((name) => differs(left.options[name], right.options[name]));
  if (option !== undefined) {
    return `$${option}`;
  }
  const alias = [...left.aliases.keys()].find((name) => differs(left.aliases.get(name), right.aliases.get(name)));
  return alias === undefined ? null : `@${alias}`;
}

function parseSettled(raw: string, session: ParseSession): ParsedQuery {
  const draft: QueryDraft = { session, options: {}, aliases: new Map(), custom: new Map() };
  let before = '';
  for (const part of raw.split('&')) {
    if (part !== '') {
      readPart(part, before, draft);
      before = part;
    }
  }
  return { options: draft.options, aliases: draft.aliases, custom: draft.custom };
}

function readPart(part: string, before: string, draft: QueryDraft): void {
  const equals = part.indexOf('=');
  const written = percentDecode(equals < 0 ? part : part.slice(0, equals), 'the query');
  const name = trimmedName(written);
  const raw = equals < 0 ? null : part.slice(equals + 1);
  const lower = name.toLowerCase();
  const plain = lower.startsWith('$') ? lower.slice(1) : lower;
  if (isOptionName(plain)) {
    readSystemOption(plain, raw, draft);
  } else if (name.startsWith('$') || isTemporalOption(plain)) {
    refuseOption(name, plain, draft.session);
  } else if (name.startsWith('@')) {
    readAlias(name, raw, draft);
  } else {
    refuseCutValue(written, raw, before);
    readCustomOption(name, raw ?? '', draft);
  }
}

/** `A eq 1 & B eq 2`, `$search=AT&T`: what follows the ampersand is no option, and must not be lost. */
function refuseCutValue(written: string, raw: string | null, before: string): void {
  const afterSearch = /^(?:\$|%24)?search=/i.test(before);
  if (raw !== null || !(afterSearch || /\s/.test(written))) {
    return;
  }
  const target = written.trim().slice(0, 60);
  const message = `the query: '${target}' is no option; an ampersand within a value is '%26', and conditions are joined with 'and'.`;
  throw new GatewayError('UnknownOption', message, { target });
}

/** A custom option is ignored, so it must not be a system option that was written amiss: somebody believes that one in force. */
function readCustomOption(name: string, raw: string, draft: QueryDraft): void {
  const meant = undisguisedName(name);
  const plain = meant.replace(/^\$+/, '').toLowerCase();
  if (/^[$@]/.test(meant) || isOptionName(plain) || isTemporalOption(plain) || (name === '' && raw !== '')) {
    throw disguisedOption(name, meant);
  }
  const last = optionNameAtEnd(meant);
  if (isOptionName(last)) {
    throw disguisedOption(name, `$${last}`);
  }
  const value = percentDecode(raw, name.slice(0, 60));
  const within = optionNamesWithin(value).find(isOptionName);
  if (within !== undefined) {
    throw disguisedOption(name, `$${within}`);
  }
  draft.custom.set(name, value);
}

function readSystemOption(name: OptionName, raw: string | null, draft: QueryDraft): void {
  const target = `$${name}`;
  if (draft.options[name] !== undefined) {
    throw new GatewayError('InvalidOption', `${target} stands more than once in the URL.`, { target });
  }
  if (name === 'levels') {
    throw new GatewayError('InvalidOption', '$levels is only allowed inside $expand.', { target });
  }
  const cursor = valueCursor(raw ?? '', target, draft);
  if (name === 'search') {
    checkSemicolons(raw ?? '', cursor);
    draft.options.search = parseSearchExpression(cursor, 'alone');
  } else {
    readOption[name](cursor, draft.options);
  }
  cursor.expectEnd(expectedEnd[name] ?? 'the end of the value');
}

const expectedEnd: Partial<Record<OptionName, string>> = {
  filter: 'an operator such as eq or and',
  orderby: "an operator, ' asc', ' desc' or ','",
  select: "',', '/' or '('",
  expand: "',', '/' or '('",
  apply: "'/' and a transformation",
};

/** Positions in the decoded value. */
function encodedSemicolons(raw: string, target: string): ReadonlySet<number> {
  const positions = new Set<number>();
  let position = 0;
  for (const piece of raw.split(/(%3B)/i)) {
    if (/^%3B$/i.test(piece)) {
      positions.add(position);
    }
    position += percentDecode(piece, target).length;
  }
  return positions;
}

/** A semicolon separates nested options, so as a character of a word it must be encoded (searchWord). */
function checkSemicolons(raw: string, cursor: Cursor): void {
  let quoted = false;
  for (const [token] of raw.matchAll(/(?:\\|%5[Cc])(?:"|%22|\\|%5[Cc])|"|%22|;/g)) {
    const escaped = quoted && token.length > 1 && token !== '%22';
    if (token === ';' && !quoted) {
      cursor.fail("no ';' outside double quotes; write it as '%3B'");
    }
    if (!escaped && /(?:"|%22)$/.test(token)) {
      quoted = !quoted;
    }
  }
}

function readAlias(name: string, raw: string | null, draft: QueryDraft): void {
  const naming = new Cursor(name, name.slice(0, 60), draft.session);
  naming.position = 1;
  const alias = naming.identifier('the name of a parameter alias');
  naming.expectEnd("'='");
  if (draft.aliases.has(alias)) {
    throw new GatewayError('InvalidOption', `${name} stands more than once in the URL.`, { target: name });
  }
  draft.aliases.set(alias, aliasValue(valueCursor(raw ?? '', name, draft)));
}

/** The decoded value from its first character to its last that is no blank; offsets count from its start. */
function valueCursor(raw: string, target: string, { session }: QueryDraft): Cursor {
  const value = percentDecode(raw, target).trimEnd();
  const cursor = new Cursor(value, target, session, encodedSemicolons(raw, target));
  cursor.position = value.length - value.trimStart().length;
  return cursor;
}

/** Any expression; also a list of two or more items in parentheses, for `in @alias`. */
function aliasValue(cursor: Cursor): Expression {
  if (cursor.peek() === '(') {
    const start = cursor.position;
    const list = parseList(cursor);
    if (cursor.atEnd && list.kind === 'List' && list.items.length !== 1) {
      return list;
    }
    cursor.position = start;
  }
  const value = parseExpression(cursor);
  cursor.expectEnd('an operator or the end of the value');
  return value;
}

function refuseOption(name: string, plain: string, session: ParseSession): void {
  if (isTemporalOption(plain)) {
    new Cursor('', name, session).unsupported('temporal', `the option ${name}`);
    return;
  }
  throw unknownOption(name, 'the query');
}
