import { type ErrorCode, GatewayError } from '../../errors.ts';

/** What a query says under one reading of its plus signs; `read` throws where it says nothing. */
export interface Reading<Query> {
  readonly read: (query: string) => Query;
  /** The first option that two readings disagree about; null: they say the same. */
  readonly difference: (left: Query, right: Query) => string | null;
}

/**
 * Settles what each `+` of a query stands for: gives the same query with `%20` or `%2B` in its place. OData has no form
 * encoding, but many clients can write nothing else (`URLSearchParams`, Python's `requests`, PHP): their query is
 * form-encoded as a whole. So every plus is a plus beside a blank that is written otherwise, a blank where a form's encoder
 * gives itself away, and else what makes the query valid.
 *
 * @throws GatewayError `UriSyntax` where both make sense and differ, and what reading throws where neither does
 */
export function settlePlusSigns<Query>(raw: string, { read, difference }: Reading<Query>): string {
  if (!raw.includes('+')) {
    return raw;
  }
  const literal = raw.replaceAll('+', '%2B');
  if (/%20|%09|[ \t]/.test(raw)) {
    return literal;
  }
  const form = raw.replaceAll('+', '%20');
  const asForm = attempt(form, read);
  if (asForm instanceof GatewayError) {
    if (attempt(literal, read) instanceof GatewayError && asForm.code !== 'LimitExceeded') {
      throw asForm;
    }
    return literal;
  }
  if (isFromFormEncoder(raw)) {
    return form;
  }
  const asLiteral = attempt(literal, read);
  if (asLiteral instanceof GatewayError) {
    return form;
  }
  const target = difference(asLiteral.query, asForm.query);
  if (target === null || !/\+/.test(raw.replace(signOfNumber, ''))) {
    return literal;
  }
  throw new GatewayError(
    'UriSyntax',
    `${target}: '+' may be a plus sign or, as in HTML forms, a blank; write '%2B' or '%20'.`,
    { target },
  );
}

/** `'+31...`: a number of a phone. No text that somebody looks for begins with a blank and a digit. */
const signOfNumber = /(?:['"]|%2[27])\+(?=\d)/gi;

/**
 * Whether only an encoder of forms writes such a query: it writes `$ ' ( ) ,` as `%24` and so on, which need no
 * encoding, and leaves none of them; or it writes a plus sign as `%2B` beside blanks that are `+`.
 */
function isFromFormEncoder(raw: string): boolean {
  if (/%2B/i.test(raw)) {
    return true;
  }
  const withPlus = raw.split('&').filter((part) => part.includes('+'));
  return /%(?:2[4789C]|3A)/i.test(raw) && withPlus.every((part) => /^[A-Za-z0-9*._~%+=-]*$/.test(part));
}

/** Faults of the text itself; others are the same under both readings or beyond reading. */
const syntaxFaults: readonly ErrorCode[] = ['UriSyntax', 'InvalidOption', 'UnknownOption', 'LimitExceeded'];

function attempt<Query>(query: string, read: (query: string) => Query): { readonly query: Query } | GatewayError {
  try {
    return { query: read(query) };
  } catch (error) {
    if (error instanceof GatewayError && syntaxFaults.includes(error.code)) {
      return error;
    }
    throw error;
  }
}
