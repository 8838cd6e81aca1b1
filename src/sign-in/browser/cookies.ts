/** Bytes of a value that every browser keeps (RFC 6265, 6.1, has 4096 for all of a cookie). */
const longest = 3800;
/** Parts that one value may have. */
const most = 4;

/**
 * Header values for Set-Cookie that keep `value` under `name`, in several cookies where it is long; null: it is too long. `__Host-` has the browser hold that they
 * came over TLS (or from this machine) and go to this host alone. `seconds`: how long they last.
 */
export function setCookies(name: string, value: string, seconds: number): readonly string[] | null {
  const parts = Array.from({ length: Math.ceil(value.length / longest) }, (_, n) =>
    value.slice(n * longest, (n + 1) * longest),
  );
  if (parts.length > most) {
    return null;
  }
  const set = parts.map((part, n) => cookie(nameOf(name, n), part, seconds));
  // Parts of a longer one before it must not be joined to it.
  const rest = Array.from({ length: most - parts.length }, (_, n) => cookie(nameOf(name, parts.length + n), '', 0));
  return [...set, ...rest];
}

export const clearedCookies = (name: string): readonly string[] =>
  Array.from({ length: most }, (_, n) => cookie(nameOf(name, n), '', 0));

/** The value kept under `name`; null: none. Of two cookies of one name nobody knows which is ours. */
export function readCookie(header: string | undefined, name: string): string | null {
  const found = new Map<string, string>();
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).trim();
    if (at < 0 || !key.startsWith(nameOf(name, 0))) {
      continue;
    }
    if (found.has(key)) {
      return null;
    }
    found.set(key, pair.slice(at + 1).trim());
  }
  let value = '';
  for (let n = 0; n < most; n++) {
    value += found.get(nameOf(name, n)) ?? '';
  }
  return value === '' ? null : value;
}

const nameOf = (name: string, part: number): string => `__Host-${name}${part === 0 ? '' : `-${part}`}`;

const cookie = (name: string, value: string, seconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;
