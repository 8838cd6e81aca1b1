import fc from 'fast-check';

/** Few, so that they meet; some that differ in case only, some that no client of ours takes, and some that our types have. */
const word = fc.constantFrom(
  'Agent',
  'agent',
  'Call',
  'call',
  'calls',
  'Id',
  'id',
  'é',
  'A.B',
  '',
  'x/y',
  'a'.repeat(128),
  'BuzzeasyAgent',
  'BuzzeasyCall',
);
const typeNames = ['Agent', 'agent', 'Call', 'T_Call', 'T_Call_2'];
const types = [
  ...['String', 'Int32', 'Decimal', 'DateTimeOffset', 'TimeOfDay', 'Duration', 'Binary', 'Stream'].map(
    (t) => `Edm.${t}`,
  ),
  ...['T.Moment', 'T.State', 'T.Place', 'Collection(Edm.String)', 'Collection(T.Moment)'],
];
const numbers = ['0', '-1', '1', '3', '13', '4294967296', 'max', 'variable'];

/** An attribute, more often left out than not. */
const attribute = (name: string, values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .option(fc.constantFrom(...values), { freq: 2, nil: undefined })
    .map((v) => (v === undefined ? '' : ` ${name}="${v}"`));
const joined = (parts: readonly string[]): string => parts.join('');

const property = fc
  .tuple(
    word,
    fc.constantFrom(...types),
    attribute('Nullable', ['true', 'false']),
    attribute('Precision', numbers),
    attribute('Scale', numbers),
    attribute('MaxLength', numbers),
  )
  .map(([name, type, ...facets]) => `<Property Name="${name}" Type="${type}"${joined(facets)}/>`);

const typeReference = fc
  .tuple(fc.constantFrom('T', 'U'), fc.constantFrom(...typeNames))
  .map((parts) => parts.join('.'));
const constraint = fc
  .tuple(word, word)
  .map(([own, other]) => `<ReferentialConstraint Property="${own}" ReferencedProperty="${other}"/>`);
const navigation = fc
  .record({
    name: word,
    type: typeReference,
    many: fc.boolean(),
    nullable: attribute('Nullable', ['true', 'false']),
    partner: fc.option(word),
    constraints: fc.array(constraint, { maxLength: 2 }),
  })
  .map(({ name, type, many, nullable, partner, constraints }) => {
    const written = many ? `Collection(${type})` : type;
    const other = partner === null ? '' : ` Partner="${partner}"`;
    return `<NavigationProperty Name="${name}" Type="${written}"${nullable}${other}>${joined(constraints)}</NavigationProperty>`;
  });

const usualKey = '<Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Int32"/>';
const key = fc.oneof(
  fc.constant(usualKey),
  fc
    .array(word, { minLength: 1, maxLength: 2 })
    .map((names) => `<Key>${joined(names.map((name) => `<PropertyRef Name="${name}"/>`))}</Key>`),
);
const entityType = fc
  .record({
    name: fc.constantFrom(...typeNames),
    key,
    properties: fc.array(property, { maxLength: 5 }),
    navigations: fc.array(navigation, { maxLength: 4 }),
    base: fc.option(typeReference, { freq: 4 }),
  })
  .map(({ name, key, properties, navigations, base }) => ({
    name,
    text: `<EntityType Name="${name}"${base === null ? '' : ` BaseType="${base}"`}>${key}${joined(properties)}${joined(navigations)}</EntityType>`,
  }));
const entityTypes = fc
  .uniqueArray(entityType, { selector: ({ name }) => name, minLength: 1, maxLength: 4 })
  .map((found) => joined(found.map(({ text }) => text)));

const binding = fc
  .tuple(word, word)
  .map(([path, target]) => `<NavigationPropertyBinding Path="${path}" Target="${target}"/>`);
const entitySet = fc
  .tuple(word, typeReference, fc.array(binding, { maxLength: 3 }))
  .map(([name, type, bindings]) => `<EntitySet Name="${name}" EntityType="${type}">${joined(bindings)}</EntitySet>`);

const schema = (namespace: string, body: string): string =>
  `<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="${namespace}">${body}</Schema>`;
const otherTypes =
  '<TypeDefinition Name="Moment" UnderlyingType="Edm.DateTimeOffset" Precision="13"/><EnumType Name="State"><Member Name="a"/></EnumType><ComplexType Name="Place"/>';

/** `$metadata` that is well-formed, of two schemas, and otherwise as careless as can be: names, facets, keys, partners, bindings. */
export const randomMetadata: fc.Arbitrary<string> = fc
  .record({
    first: entityTypes,
    second: entityTypes,
    sets: fc.array(entitySet, { minLength: 1, maxLength: 5 }),
    // Not the name of a type of its schema, which would be refused.
    container: fc.constantFrom('Default', 'é', 'A.B', ''),
  })
  .map(({ first, second, sets, container }) => {
    const served = `${second}<EntityContainer Name="${container}">${joined(sets)}</EntityContainer>`;
    return `<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>${schema('T', otherTypes + first)}${schema('U', served)}</edmx:DataServices></edmx:Edmx>`;
  });
