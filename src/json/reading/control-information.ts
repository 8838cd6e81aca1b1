/** What a feed says about rows, beside them. */
type ControlName = 'context' | 'count' | 'nextLink';

/**
 * The raw value of a control information: of the reply (`about` is empty), or of a member of a row. In the spelling of OData 4.0 (`@odata.nextLink`) or 4.01
 * (`@nextLink`), else in any case, since a link that nobody finds is rows that nobody gets. Beside the rows of a reply a `nextLink` without the sign can
 * mean nothing else either; older protocols and many interfaces of JSON write it so. undefined: there is none.
 */
export function controlInformation<Raw>(
  members: ReadonlyMap<string, Raw>,
  name: ControlName,
  about = '',
): Raw | undefined {
  const told = members.get(`${about}@odata.${name}`) ?? members.get(`${about}@${name}`);
  if (told !== undefined) {
    return told;
  }
  const spelled = [
    `@odata.${name}`,
    `@${name}`,
    ...(about === '' && name === 'nextLink' ? ['odata.nextlink', name] : []),
  ];
  const wanted = spelled.map((one) => one.toLowerCase());
  for (const [key, raw] of members) {
    if (key.startsWith(about) && wanted.includes(key.slice(about.length).toLowerCase())) {
      return raw;
    }
  }
  return undefined;
}
