import type { PrimitiveTypeName } from '../edm/model.ts';

/** Numbers: each holds all values of those before it, but for digits that a Double does not keep. */
const wider: readonly PrimitiveTypeName[] = [
  'Edm.SByte',
  'Edm.Int16',
  'Edm.Int32',
  'Edm.Int64',
  'Edm.Decimal',
  'Edm.Double',
];

/** Whether every value of a type is one of another. */
export function widens(from: PrimitiveTypeName, to: PrimitiveTypeName): boolean {
  if (from === to) {
    return true;
  }
  const [narrow, wide] = [wider.indexOf(from === 'Edm.Byte' ? 'Edm.Int16' : from), wider.indexOf(to)];
  return narrow >= 0 && wide > narrow - Number(from === 'Edm.Byte');
}
