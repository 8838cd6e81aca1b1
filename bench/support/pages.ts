/** Asks for pages of 100 rows. */
export const smallPages = { Prefer: 'odata.maxpagesize=100' };

/** The links that a client meets on the first pages. */
export async function nextLinks(first: string): Promise<string[]> {
  const links = [first];
  for (let link = first; links.length < 97; links.push(link)) {
    const page = (await (await fetch(link, { headers: smallPages })).json()) as { '@odata.nextLink': string };
    link = page['@odata.nextLink'];
  }
  return links;
}
