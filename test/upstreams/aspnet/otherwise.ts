/** Filters whose functions Microsoft.AspNetCore.OData over objects computes otherwise, which docs/proxied-feeds.md tells. */
export const computedOtherwise: ReadonlySet<string> = new Set([
  // Text of 16 bits a character, and one letter for one letter.
  "Title gt '\uff5a'",
  "toupper(Title) eq 'STRASSE'",
  "tolower(Title) eq 'i\u0307stanbul'",
  "tolower(Title) eq 'οδυσσευς'",
  'length(Title) eq 7',
  "indexof(Title,'e') eq 2",
]);
