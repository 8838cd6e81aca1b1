/** PostgreSQL cuts names at 63 bytes; some room is left for what tells two names apart. */
const longest = 56;
/** Properties that the gateway adds itself. */
const taken = ['loadid', 'loadedat', 'extras', 'deletedat'];

/** Signs that say something in a header. */
const spoken: readonly (readonly [sign: RegExp, word: string])[] = [
  [/%/g, ' percent '],
  [/#/g, ' number '],
  [/&/g, ' and '],
  [/€/g, ' euro '],
  [/\$/g, ' dollar '],
];

/** Words of a text, of letters and digits without accents; none for a script that has no Latin letters. */
export function wordsOf(text: string): readonly string[] {
  const said = spoken.reduce((left, [sign, word]) => left.replace(sign, word), text);
  return said
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z\d]+/)
    .filter((word) => word !== '');
}

/** A name of OData from a text: `Order ID` gives `OrderId`. null: the text has nothing to make one of. */
export function nameOf(text: string): string | null {
  const name = wordsOf(text)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
    .join('')
    .slice(0, longest);
  if (name === '') {
    return null;
  }
  return /^[A-Za-z]/.test(name) ? name : `N${name}`.slice(0, longest);
}

/** Names of properties for headers, one for each: told apart in more than the case of their letters. */
export function propertyNames(headers: readonly string[], reserved: readonly string[]): readonly string[] {
  const used = new Set([...taken, ...reserved.map((name) => name.toLowerCase())]);
  return headers.map((header, index) => {
    const wanted = nameOf(header) ?? `Column${index + 1}`;
    const free = freeName(wanted, used);
    used.add(free.toLowerCase());
    return free;
  });
}

function freeName(wanted: string, used: ReadonlySet<string>): string {
  if (!used.has(wanted.toLowerCase())) {
    return wanted;
  }
  for (let number = 2; ; number += 1) {
    if (!used.has(`${wanted}${number}`.toLowerCase())) {
      return `${wanted}${number}`;
    }
  }
}

/** `Conversations` gives `Conversation`; a name that is no plural stays. */
export function singular(name: string): string {
  if (/[^aeiou]ies$/i.test(name)) {
    return name.replace(/ies$/i, 'y');
  }
  if (/(?:sses|shes|ches|xes)$/i.test(name)) {
    return name.slice(0, -2);
  }
  return /[^su]s$/i.test(name) ? name.slice(0, -1) : name;
}
