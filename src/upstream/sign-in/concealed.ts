const mark = '...';
/** Characters of a secret that a text of a feed may have in common with it by chance. */
const shortest = 4;

/**
 * What a feed says, without what it was sent: error messages and headers of feeds repeat at times what they do not accept. `sent`: values of the
 * Authorization header; the token, and a password, are looked for by themselves, too.
 */
export function concealed(text: string, sent: readonly string[]): string {
  const secrets = sent.flatMap(secretsOf).filter(({ length }) => length >= shortest);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, mark), text);
}

/** The longest first: each of them holds the next one. */
function secretsOf(header: string): readonly string[] {
  const token = header.replace(/^\S+ +/, '');
  const isBasic = /^basic /i.test(header);
  const pair = isBasic ? Buffer.from(token, 'base64').toString('utf8') : token;
  const spelled = [token, ...(isBasic ? [pair, pair.slice(pair.indexOf(':') + 1)] : [])];
  return spelled.flatMap((secret) => [secret, encodeURIComponent(secret)]);
}
