import type { EntitySet, EntityType, NavigationProperty, Property } from '../../edm/model.ts';
import type { BoundAggregate, EntityPath, GroupingKey, OutputProperty } from './aggregate.ts';
import type {
  BoundExpression,
  CollectionPath,
  Constant,
  KeyValue,
  NavigationStep,
  RangeVariable,
  RowPath,
} from './expression.ts';
import type { AllPosition, PagePosition, ReadPlan, RemovedPosition } from './read-plan.ts';
import type { Restriction, RowSource } from './rows.ts';
import type { BoundSearch, SearchNode } from './search.ts';
import type { ApplyPlan, BoundTransformation, ExpandPlan, OutputEntity, Selection } from './selection.ts';

/** The sorts of nodes that a hook can be given for; parts of the model are leaves, which are never looked into. */
export interface PlanNodes {
  readonly plan: ReadPlan;
  readonly source: RowSource;
  readonly selection: Selection;
  readonly restriction: Restriction;
  readonly expand: ExpandPlan;
  readonly apply: ApplyPlan;
  readonly transformation: BoundTransformation;
  readonly aggregate: BoundAggregate;
  readonly grouping: GroupingKey;
  readonly entity: OutputEntity;
  readonly expression: BoundExpression;
  readonly search: BoundSearch;
  readonly searchNode: SearchNode;
  readonly row: RowPath;
  readonly step: NavigationStep;
  readonly collection: CollectionPath;
  readonly entities: EntityPath;
  readonly variable: RangeVariable;
  readonly key: KeyValue;
  readonly set: EntitySet;
  readonly type: EntityType;
  readonly property: Property;
  readonly navigation: NavigationProperty;
}

export type Sort = keyof PlanNodes;

/** What a hook of a visitor gives where nothing inside its node is to be visited. */
export const skipInside: unique symbol = Symbol('skip what is inside');

/** A hook is called with each node of its sort before what is inside it; all but `skipInside` that it gives counts for nothing. */
export type PlanVisitor = { readonly [S in Sort]?: (node: PlanNodes[S]) => unknown };

/**
 * A hook gives what stands in place of a node; `inside` gives the node with all that is inside it mapped: before it the
 * hook sees what was, behind it what has become of it.
 */
export type PlanMapper = {
  readonly [S in Sort]?: (node: PlanNodes[S], inside: (node: PlanNodes[S]) => PlanNodes[S]) => PlanNodes[S];
};

/** One run of a mapper: a variable is compared by identity, so all its places get the same one. */
export interface Mapping {
  readonly mapper: PlanMapper;
  readonly variables: Map<RangeVariable, RangeVariable>;
}

/** How a value of one type is walked. `map` gives the same value where nothing in it changed. */
export interface Part<T> {
  readonly visit: (value: T, visitor: PlanVisitor) => void;
  readonly map: (value: T, mapping: Mapping) => T;
}

/** A value without nodes in it. */
type Plain =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | PagePosition
  | RemovedPosition
  | AllPosition
  | OutputProperty
  | Constant
  | readonly Plain[];

type NodeField<T> = keyof T & { [K in keyof T]-?: T[K] extends Plain ? never : K }[keyof T];

/** How each field of a record is walked that has nodes in it: one that is forgotten is a compile error. */
export type Parts<T> = { readonly [K in NodeField<T>]: Part<T[K]> };

/** A part of the model, which is pointed at and never looked into. */
export const leaf = <T>(): Part<T> => ({ visit: () => undefined, map: (node) => node });

export function nullable<T>(part: Part<T>): Part<T | null> {
  return {
    visit: (value, visitor) => (value === null ? undefined : part.visit(value, visitor)),
    map: (value, mapping) => (value === null ? null : part.map(value, mapping)),
  };
}

export function optional<T>(part: Part<T>): Part<T | undefined> {
  return {
    visit: (value, visitor) => (value === undefined ? undefined : part.visit(value, visitor)),
    map: (value, mapping) => (value === undefined ? undefined : part.map(value, mapping)),
  };
}

export function list<T>(part: Part<T>): Part<readonly T[]> {
  return {
    visit: (values, visitor) => {
      for (const value of values) {
        part.visit(value, visitor);
      }
    },
    map: (values, mapping) => {
      const mapped = values.map((value) => part.map(value, mapping));
      return mapped.every((value, index) => value === values[index]) ? values : mapped;
    },
  };
}

/** A record, field by field in the order of `parts`. */
export function fields<T extends object>(parts: Parts<NoInfer<T>>): Part<T> {
  const names = namesOf<T>(parts);
  return {
    visit: (value, visitor) => {
      for (const name of names) {
        parts[name].visit(value[name], visitor);
      }
    },
    map: (value, mapping) => {
      let mapped = value;
      for (const name of names) {
        const part = parts[name].map(value[name], mapping);
        if (part !== value[name]) {
          mapped = { ...mapped, [name]: part };
        }
      }
      return mapped;
    },
  };
}

const namesOf = <T>(parts: Parts<T>): readonly (NodeField<T> & string)[] =>
  Object.keys(parts).filter((name): name is NodeField<T> & string => name in parts);

/** Records told apart by their kind, each walked as the table says: a kind that is forgotten is a compile error. */
export function byKind<M extends { readonly [K in keyof M]: { readonly kind: keyof M } }>(
  table: {
    readonly [K in keyof M]: Part<M[K]>;
  },
): Part<M[keyof M]> {
  return {
    visit: (node, visitor) => table[node.kind].visit(node, visitor),
    map: (node, mapping) => table[node.kind].map(node, mapping),
  };
}

type OfKind<U, K> = U extends { readonly kind: infer X } ? (K extends X ? U : never) : never;
/** The members of a union by their kind, for `byKind`. */
export type ByKind<U extends { readonly kind: string }> = { readonly [K in U['kind']]: OfKind<U, K> };
