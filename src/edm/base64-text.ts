/**
 * Base64 with padding in the alphabet with `+` and `/`, from either alphabet, padded or not. The readers of the .NET libraries
 * (and their services) take no other; both are taken as input.
 */
export function paddedBase64(text: string): string {
  const digits = text.replaceAll('-', '+').replaceAll('_', '/').replaceAll('=', '');
  return digits + '='.repeat((4 - (digits.length % 4)) % 4);
}
