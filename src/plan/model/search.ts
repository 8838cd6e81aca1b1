import type { Property } from '../../edm/model.ts';

export interface BoundSearch {
  readonly properties: readonly Property[];
  readonly expression: SearchNode;
}

export type SearchNode =
  | { readonly kind: 'Word' | 'Phrase'; readonly text: string }
  | { readonly kind: 'Not'; readonly operand: SearchNode }
  | { readonly kind: 'And' | 'Or'; readonly left: SearchNode; readonly right: SearchNode };
