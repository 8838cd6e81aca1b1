/** Names that operating systems leave in archives, and papers that come along: surely no exports. */
const litter: readonly RegExp[] = [
  /(?:^|\/)(?:__MACOSX|\.(?!\.?(?:\/|$))[^/]*|@eaDir|\$RECYCLE\.BIN|System Volume Information)(?:\/|$)/i,
  /(?:^|\/)(?:Thumbs\.db|desktop\.ini|Icon\r)$/i,
  /(?:^|\/)(?:readme|licen[cs]e|changelog|lees ?mij)(?:\.(?:txt|md|html?|pdf|rtf|docx?))?$/i,
  /\.(?:pdf|png|jpe?g|gif|svg|ico|md5|sha1|sha256|sha512|sfv|asc|sig)$/i,
];

/** Whether a member is surely no export, so that nobody needs to hear of it but in passing. */
export const isLitter = (path: string): boolean => litter.some((one) => one.test(path));

/** Why a member's name cannot be taken; null: it can. No member is ever written under its name, but the ledger and the rules have it. */
export function memberNameFault(path: string): string | null {
  if (path.length > 1024) {
    return 'its name is longer than 1,024 characters';
  }
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) {
    return 'its name has control characters';
  }
  if (path.includes('\\')) {
    return 'its name has a backslash';
  }
  if (/^(?:\/|[A-Za-z]:)/.test(path)) {
    return 'its name is an absolute path';
  }
  if (path.split('/').includes('..')) {
    return 'its name leads out of the archive (..)';
  }
  return null;
}

/** A name for people: control characters spelled out, the end of a long one left away. */
export function shownName(path: string): string {
  const shown = path.replace(/[\u0000-\u001f\u007f-\u009f]/g, (one) => {
    return `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return shown.length > 1024 ? `${shown.slice(0, 1023)}…` : shown;
}
