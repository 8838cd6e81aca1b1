/** For JSON.stringify: CSDL JSON without a `$Nullable` of false, which its absence says as well, as the OASIS translation leaves it out. */
export const withoutDefaults = (name: string, value: unknown): unknown =>
  name === '$Nullable' && value === false ? undefined : value;
