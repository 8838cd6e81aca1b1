import assert from 'node:assert/strict';
import fc from 'fast-check';
import { databases } from '../upstream/texts.ts';
import { compareTextsAs } from './compare-texts-as.ts';
import { type EvaluatedGateway, evaluatedGateway } from './evaluated-gateway.ts';
import { requests, rows, titles } from './text-requests.ts';

const isDatabase = (name: string): name is keyof typeof databases => Object.hasOwn(databases, name);

/** A feed may compare texts in its own way; the rows are those of stored sets all the same. */
describe('rows of a feed that compares texts in its own way', () => {
  let gateway: EvaluatedGateway;
  const open = async (name: keyof typeof databases, more: Partial<Parameters<typeof evaluatedGateway>[0]> = {}) => {
    gateway = await evaluatedGateway({ rows, readsOptions: false, ...more });
    await compareTextsAs(gateway, databases[name]);
  };
  afterEach(() => gateway.close());

  const agree = async (request: string): Promise<void> =>
    assert.deepEqual(
      await gateway.rows(gateway.evaluated, request),
      await gateway.rows(gateway.stored, request),
      request,
    );

  for (const name of Object.keys(databases).filter(isDatabase)) {
    for (const pageSize of [3, 20_000]) {
      it(`${name}, in pages of ${pageSize}`, async () => {
        await open(name, { pageSize });
        for (const request of requests) {
          await agree(request);
        }
      });
    }
  }

  for (const name of Object.keys(databases).filter(isDatabase)) {
    it(`whatever is asked for: ${name}`, async () => {
      await open(name);
      const text = fc.constantFrom(...titles, 'sales', 'ALE', 'x', 'B', ' ').map((one) => `'${one}'`);
      const leaf = fc.oneof(
        fc
          .tuple(fc.constantFrom('Title', 'Agent/Name'), fc.constantFrom('eq', 'ne', 'gt', 'le'), text)
          .map((parts) => parts.join(' ')),
        fc
          .tuple(fc.constantFrom('contains', 'startswith', 'endswith'), text)
          .map(([name, part]) => `${name}(Title,${part})`),
        fc.array(text, { minLength: 1, maxLength: 3 }).map((texts) => `Title in (${texts.join(',')})`),
        fc.constantFrom('Cost gt 3', 'Open', 'Title eq null'),
        text.map((one) => `Messages/any(m:m/Body ne ${one})`),
      );
      const filter = fc.letrec<{ one: string }>((tie) => ({
        one: fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          leaf,
          tie('one').map((one) => `not (${one})`),
          fc
            .tuple(fc.constantFrom('and', 'or'), tie('one'), tie('one'))
            .map(([operator, left, right]) => `(${left}) ${operator} (${right})`),
        ),
      })).one;
      const options = fc.constantFrom('', '&$top=3', '&$count=true', '&$skip=2', '&$top=2&$count=true');
      await fc.assert(
        fc.asyncProperty(filter, options, (condition, more) =>
          agree(`Cases?$select=Id&$orderby=Id&$filter=${condition}${more}`.replaceAll('%', '%25')),
        ),
        { numRuns: 60 },
      );
    });
  }
});
