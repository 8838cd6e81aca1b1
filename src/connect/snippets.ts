import type { EntitySet, PrimitiveTypeName } from '../edm/model.ts';

/** How the reader signs in: by name and password, by a key, by an access token of the sign-in server, or not at all. */
export type SignIn = 'none' | 'basic' | 'key' | 'token';

/** Variable of the environment that a program has its bearer token from. */
const bearers = { key: 'GATEWAY_KEY', token: 'GATEWAY_TOKEN' } as const;

/** Where an access token comes from is nothing that these few lines could say. */
const comment = (signIn: SignIn): string =>
  signIn === 'token' ? '# GATEWAY_TOKEN: an access token for the feed (docs/sign-in.md)\n' : '';

export interface SnippetOf {
  /** Service root with its final slash. */
  readonly root: string;
  readonly set: EntitySet;
  readonly signIn: SignIn;
}

/** The address of all rows of a set as CSV. */
const csvUrl = ({ root, set }: SnippetOf): string => `${root}${encodeURIComponent(set.name)}?$format=csv`;

const pandasTypes: Partial<Record<PrimitiveTypeName, string>> = {
  'Edm.Boolean': 'boolean',
  'Edm.Byte': 'Int64',
  'Edm.Decimal': 'float64',
  'Edm.Double': 'float64',
  'Edm.Int16': 'Int64',
  'Edm.Int32': 'Int64',
  'Edm.Int64': 'Int64',
  'Edm.SByte': 'Int64',
  'Edm.Single': 'float64',
};

/** A pandas data frame of all rows, its columns typed as the feed declares them. */
export function pythonSnippet(snippet: SnippetOf): string {
  const properties = [...snippet.set.entityType.properties.values()];
  const moments = properties.filter(({ type, collection }) => type === 'Edm.DateTimeOffset' && !collection);
  const others = properties.filter((property) => !moments.includes(property));
  const types = others.map(
    ({ name, type, collection }) =>
      `        ${JSON.stringify(name)}: "${collection ? 'string' : (pandasTypes[type] ?? 'string')}",\n`,
  );
  const signIn = {
    none: '',
    basic: '    auth=(os.environ["GATEWAY_USER"], os.environ["GATEWAY_PASSWORD"]),\n',
    key: `    headers={"Authorization": "Bearer " + os.environ["${bearers.key}"]},\n`,
    token: `    headers={"Authorization": "Bearer " + os.environ["${bearers.token}"]},\n`,
  }[snippet.signIn];
  return `# pip install pandas requests
${comment(snippet.signIn)}import io
${snippet.signIn === 'none' ? '' : 'import os\n'}
import pandas as pd
import requests

reply = requests.get(
    ${JSON.stringify(csvUrl(snippet))},
${signIn}    timeout=600,
)
reply.raise_for_status()
rows = pd.read_csv(
    io.BytesIO(reply.content),
    dtype={
${types.join('')}    },
    keep_default_na=False,
    na_values=[""],
    skip_blank_lines=False,
)
${moments.map(({ name }) => `rows[${JSON.stringify(name)}] = pd.to_datetime(rows[${JSON.stringify(name)}], format="ISO8601", utc=True)\n`).join('')}print(rows)
`;
}

/** The column types of readr, by their letters. */
const readrTypes: Partial<Record<PrimitiveTypeName, string>> = {
  'Edm.Boolean': 'l',
  'Edm.Byte': 'd',
  'Edm.Date': 'D',
  'Edm.DateTimeOffset': 'T',
  'Edm.Decimal': 'd',
  'Edm.Double': 'd',
  'Edm.Int16': 'i',
  'Edm.Int32': 'i',
  'Edm.SByte': 'i',
  'Edm.Single': 'd',
};

/** A tibble of all rows. Whole numbers of 64 bits stay text: R's numbers hold 53 of them. */
export function rSnippet(snippet: SnippetOf): string {
  const types = [...snippet.set.entityType.properties.values()].map(({ type, collection }) =>
    collection ? 'c' : (readrTypes[type] ?? 'c'),
  );
  const signIn = {
    none: '',
    basic: '  req_auth_basic(Sys.getenv("GATEWAY_USER"), Sys.getenv("GATEWAY_PASSWORD")) |>\n',
    key: `  req_auth_bearer_token(Sys.getenv("${bearers.key}")) |>\n`,
    token: `  req_auth_bearer_token(Sys.getenv("${bearers.token}")) |>\n`,
  }[snippet.signIn];
  return `# install.packages(c("httr2", "readr"))
${comment(snippet.signIn)}library(httr2)

reply <- request(${JSON.stringify(csvUrl(snippet))}) |>
${signIn}  req_perform()
rows <- readr::read_csv(
  resp_body_raw(reply),
  col_types = "${types.join('')}",
  na = "",
  skip_empty_rows = FALSE
)
print(rows)
`;
}

/** A file of all rows; curl asks for the password. */
export function curlSnippet(snippet: SnippetOf): string {
  const signIn = {
    none: '',
    basic: ' --user "$GATEWAY_USER"',
    key: ` --header "Authorization: Bearer $${bearers.key}"`,
    token: ` --header "Authorization: Bearer $${bearers.token}"`,
  }[snippet.signIn];
  const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  return `${comment(snippet.signIn)}curl --fail --compressed${signIn} --output ${shell(`${snippet.set.name}.csv`)} ${shell(csvUrl(snippet))}\n`;
}
