import type { EntitySet, Property } from '../../edm/model.ts';
import { isNullConstant, isOrdering } from '../../plan/logic/three-valued.ts';
import type { BoundExpression } from '../../plan/model/read-plan.ts';
import { visitExpression } from '../../plan/model/walk.ts';

/** How texts are looked at: whether they are the same, which comes first, or whether one is in the other. */
export type Comparing = 'eq' | 'gt' | Search;
export type Search = 'contains' | 'startswith' | 'endswith';

/** Values of a property that a feed compares with other texts. */
export interface TextUse {
  readonly set: EntitySet;
  readonly property: Property;
  readonly how: Comparing;
}

/** What a feed does that was asked for a use; `not shown`: its rows cannot show it, or it was not tried. */
export type ComparedAs = 'here' | 'otherwise' | 'not shown';

/** What is known of the feed that a condition is for. `inPatterns`: signs of a text that is looked for stand for other signs. */
export interface KnownTexts {
  comparedAs(use: TextUse): ComparedAs;
  inPatterns(use: TextUse): boolean;
}

/** Comparisons of texts in an expression, however deep inside. Enumerations are no texts at the feed. */
export function textUses(expression: BoundExpression): readonly TextUse[] {
  const found = new Map<string, TextUse>();
  visitExpression(expression, {
    expression: (node) => {
      const { hows, compared } = comparisonOf(node);
      for (const { set, property } of hows.length === 0 ? [] : compared.flatMap(textsIn)) {
        for (const how of hows) {
          found.set(nameOfUse({ set, property, how }), { set, property, how });
        }
      }
    },
  });
  return [...found.values()];
}

/** One for each set, property and way. */
export const nameOfUse = ({ set, property, how }: TextUse): string => `${set.name} ${property.name} ${how}`;

export const isSearch = (name: string): name is Search =>
  name === 'contains' || name === 'startswith' || name === 'endswith';

interface Compared {
  readonly hows: readonly Comparing[];
  readonly compared: readonly BoundExpression[];
}

const nothing: Compared = { hows: [], compared: [] };

function comparisonOf(node: BoundExpression): Compared {
  switch (node.kind) {
    case 'Comparison': {
      const { operator, left, right } = node;
      const sides = [left, right];
      return sides.some((side) => side.type === 'Edm.String') && !sides.some(isNullConstant)
        ? { hows: isOrdering(operator) ? ['gt', 'eq'] : ['eq'], compared: sides }
        : nothing;
    }
    case 'In':
      return node.operand.type === 'Edm.String' ? { hows: ['eq'], compared: [node.operand, ...node.items] } : nothing;
    case 'Function':
      if (isSearch(node.name)) {
        return { hows: [node.name], compared: node.args };
      }
      // Where a text stands in another, and how long it is without what does not count.
      return node.name === 'indexof' || node.name === 'length'
        ? { hows: [node.name === 'length' ? 'eq' : 'contains'], compared: node.args }
        : nothing;
    default:
      return nothing;
  }
}

/** Properties whose texts come into a value. */
function textsIn(value: BoundExpression): readonly Pick<TextUse, 'set' | 'property'>[] {
  const found: Pick<TextUse, 'set' | 'property'>[] = [];
  visitExpression(value, {
    expression: (node) => {
      if (node.kind === 'PropertyValue' && isText(node.property)) {
        found.push({ set: node.row.steps.at(-1)?.set ?? node.row.variable.set, property: node.property });
      }
    },
  });
  return found;
}

export const isText = ({ type, enumeration }: Property): boolean => type === 'Edm.String' && enumeration === undefined;

/** Whether a feed is known to compare texts otherwise in some place of an expression. */
export const isOtherwise = (expression: BoundExpression, known: KnownTexts): boolean =>
  textUses(expression).some((use) => known.comparedAs(use) === 'otherwise');
