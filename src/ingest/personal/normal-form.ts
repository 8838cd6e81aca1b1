/** A telephone number with its country: `+` or `00`, then 8 to 15 digits, in groups or not. */
const telephone = /^(?:\+|00)[ ()./-]*[1-9](?:[ ()./-]*\d){7,14}$/;

/**
 * The form in which values are compared and hashed, so that the same person is the same in all sources. What names a row is
 * taken exactly, composed and without outer blanks: two keys that differ in case are two. Else case does not count, runs of
 * blanks are one, and telephone numbers with their country are `+` and digits.
 */
export function normalForm(text: string, exact = false): string {
  const composed = text.normalize('NFC').trim();
  if (exact) {
    return composed;
  }
  if (telephone.test(composed)) {
    return `+${composed.replace(/\D/g, '').replace(/^00/, '')}`;
  }
  return composed.toLowerCase().replace(/\s+/gu, ' ');
}
