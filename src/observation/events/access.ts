/** What the rules of who may do what come to. */
export type AccessEvent =
  /** An entry of a role cannot be bound to the set as it is now, so it grants nothing of it. Told once for each model. */
  { readonly event: 'access-rule'; readonly role: string; readonly set: string; readonly reason: string };
