import type { BoundExpression, ComparisonOperator, Constant } from '../../model/read-plan.ts';

/**
 * GUIDs without quotation marks where a text is wanted. Exports have ids that are texts of this form, and clients that
 * go by the form of a value alone have no way to write the quotation marks: the ODataStore of DevExtreme, the ODataV4Adaptor of Syncfusion, odata-fluent-query.
 */

type Guid = Constant & { readonly type: 'Edm.Guid'; readonly value: string };

export const isGuidConstant = (given: BoundExpression): given is Guid =>
  given.kind === 'Constant' && given.type === 'Edm.Guid' && given.value !== null;

/** A text that is no constant beside a constant GUID; a constant text is read as a GUID there. */
export const isTextBesideGuid = (text: BoundExpression, guid: BoundExpression): guid is Guid =>
  text.type === 'Edm.String' && text.kind !== 'Constant' && isGuidConstant(guid);

/** The GUID as the text that was written, in the letter case that it was written in. */
export const writtenText = (guid: Guid): Constant => ({
  kind: 'Constant',
  type: 'Edm.String',
  value: guid.written ?? guid.value,
});

/**
 * The texts that are this GUID: in small letters, in capitals and as it was written. A GUID has no letter case and some
 * clients write it in another one than they read, so to look for one spelling alone could find nothing, in silence.
 */
export function spellings(guid: Guid): Constant[] {
  const texts = new Set([guid.value, guid.value.toUpperCase(), guid.written ?? guid.value]);
  return [...texts].map((value) => ({ kind: 'Constant', type: 'Edm.String', value }));
}

/** `Text eq guid` and `Text ne guid`, either way around; null: another comparison, or none of a text with a GUID. */
export function comparedText(
  operator: ComparisonOperator,
  left: BoundExpression,
  right: BoundExpression,
): BoundExpression | null {
  if (operator !== 'eq' && operator !== 'ne') {
    return null;
  }
  const [text, guid] = isGuidConstant(left) ? [right, left] : [left, right];
  if (!isTextBesideGuid(text, guid)) {
    return null;
  }
  const among: BoundExpression = {
    kind: 'In',
    type: 'Edm.Boolean',
    nullable: false,
    operand: text,
    items: spellings(guid),
  };
  return operator === 'eq' ? among : { kind: 'Not', type: 'Edm.Boolean', nullable: false, operand: among };
}
