import type { Property } from '../../edm/model.ts';
import { canonicalText, valueText } from '../../json/reading/value-text.ts';
import { isNullConstant, isOrdering, kleene, type Truth } from '../../plan/logic/three-valued.ts';
import type { BoundExpression, ComparisonOperator } from '../../plan/model/read-plan.ts';

/** Members of a row of a feed under our names, each as raw JSON. */
export type Members = ReadonlyMap<string, string>;

/** What a condition is of one row. */
export type RowTruth = (members: Members) => Exclude<Truth, undefined>;
type RowText = (members: Members) => string | null;

/**
 * What PostgreSQL makes of a condition on texts of a row of a feed: by code point, letters and blanks as they are. null: it speaks of more than texts of the row
 * itself, or computes what is not worked out here.
 */
export function rowTruth(condition: BoundExpression): RowTruth | null {
  switch (condition.kind) {
    case 'Constant':
      return condition.type === 'Edm.Boolean' ? () => condition.value === 'true' : null;
    case 'Logical': {
      const { operator } = condition;
      const [left, right] = [rowTruth(condition.left), rowTruth(condition.right)];
      return left === null || right === null
        ? null
        : (members) => kleene(operator, [left(members), right(members)]) ?? null;
    }
    case 'Not': {
      const operand = rowTruth(condition.operand);
      return operand === null ? null : (members) => not(operand(members));
    }
    case 'Comparison':
      return comparison(condition);
    case 'In':
      return membership(condition);
    case 'Function':
      return search(condition);
    default:
      return null;
  }
}

/** Lists of keys of a join have some hundred values. */
function membership({ operand, items }: Extract<BoundExpression, { kind: 'In' }>): RowTruth | null {
  const value = textOf(operand);
  const constants = new Set<string | null>();
  const others: RowText[] = [];
  for (const item of items) {
    const text = textOf(item);
    if (text === null) {
      return null;
    }
    if (item.kind === 'Constant') {
      constants.add(item.value);
    } else {
      others.push(text);
    }
  }
  return value === null
    ? null
    : (members) => {
        const own = value(members);
        return constants.has(own) || others.some((other) => other(members) === own);
      };
}

const not = (truth: Exclude<Truth, undefined>): Exclude<Truth, undefined> => (truth === null ? null : !truth);

function comparison({ operator, left, right }: Extract<BoundExpression, { kind: 'Comparison' }>): RowTruth | null {
  const isNullTest = !isOrdering(operator) && [left, right].some(isNullConstant);
  const [l, r] = isNullTest ? [anyOf(left), anyOf(right)] : [textOf(left), textOf(right)];
  return l === null || r === null ? null : (members) => compared(operator, l(members), r(members));
}

function compared(operator: ComparisonOperator, left: string | null, right: string | null): boolean {
  if (left === null || right === null) {
    return operator === 'eq' ? left === right : operator === 'ne' && left !== right;
  }
  switch (operator) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    default: {
      const order = Buffer.compare(Buffer.from(left), Buffer.from(right));
      return { gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[operator];
    }
  }
}

const searches: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startswith: (text, part) => text.startsWith(part),
  endswith: (text, part) => text.endsWith(part),
};

function search({ name, args: [whole, part] }: Extract<BoundExpression, { kind: 'Function' }>): RowTruth | null {
  const holds = searches[name];
  const [text, sought] = [textOf(whole), textOf(part)];
  return holds === undefined || text === null || sought === null
    ? null
    : (members) => {
        const [one, other] = [text(members), sought(members)];
        return one === null || other === null ? null : holds(one, other);
      };
}

/** null: it is no text that is worked out here. */
function textOf(value: BoundExpression | undefined): RowText | null {
  switch (value?.kind) {
    case 'Constant': {
      const { value: text } = value;
      return value.type === 'Edm.String' || text === null ? () => text : null;
    }
    case 'PropertyValue':
      return value.type === 'Edm.String' ? anyOf(value) : null;
    case 'Function': {
      const [arg] = value.args;
      const text = value.name === 'tolower' || value.name === 'toupper' ? textOf(arg) : null;
      // A feed is asked for it beside constants alone that come of one letter each: the same everywhere.
      return text === null
        ? null
        : (members) => (value.name === 'tolower' ? text(members)?.toLowerCase() : text(members)?.toUpperCase()) ?? null;
    }
    default:
      return null;
  }
}

/** The value of a property of the row itself, whatever its type, or null. */
function anyOf(value: BoundExpression): RowText | null {
  if (value.kind === 'Constant') {
    return value.value === null ? () => null : null;
  }
  if (value.kind !== 'PropertyValue' || value.row.steps.length > 0 || value.row.variable.key !== undefined) {
    return null;
  }
  return reader(value.property);
}

function reader(property: Property): RowText | null {
  if (property.collection || property.shown !== undefined) {
    return null;
  }
  const read = valueText(property, false);
  return (members) => {
    const text = read(members.get(property.name) ?? 'null');
    return text === 'null' ? null : canonicalText(text);
  };
}
