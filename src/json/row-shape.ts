import type { PrimitiveTypeName } from '../edm/model.ts';

/** Columns are consumed from left to right by the fields, in order. */
export interface RowShape {
  readonly fields: readonly FieldShape[];
}

export type FieldShape =
  /**
   * One column. `collection` columns hold a JSON array as text. `dynamic`: `$metadata` does not declare it with this type, so the
   * reply has to say its type wherever the JSON value does not, and a Decimal that .NET's Decimal does not hold is served as null, for it
   * would cost those readers the page; absent: false. `optional`: null says that the row does not have
   * the property, which is left out; absent: null is written.
   */
  | {
      readonly kind: 'value';
      readonly name: string;
      readonly type: PrimitiveTypeName;
      readonly collection: boolean;
      readonly dynamic?: boolean;
      readonly optional?: boolean;
    }
  /**
   * One presence column (null: the object is null), then the columns of its fields. `optional`: a presence of 0 says that the row
   * does not have the object, which is left out; absent: it never is.
   */
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly row: RowShape;
      readonly control: ControlShape | null;
      readonly optional?: boolean;
    }
  /**
   * One column holding the rows of a nested collection as text: rows ended by byte `rowEnd`, columns separated by byte
   * `columnEnd`, null as the single byte 0x1d, bytes 0x01-0x07, 0x0e-0x1f of values written as 0x1b followed by the byte + 0x40.
   * `withCount`: one more column before it holds `name@odata.count`.
   */
  | {
      readonly kind: 'array';
      readonly name: string;
      readonly row: RowShape;
      readonly rowEnd: number;
      readonly columnEnd: number;
      readonly withCount: boolean;
      readonly control: ControlShape | null;
    }
  /** One column: `name@odata.count` alone. */
  | { readonly kind: 'count'; readonly name: string }
  /** One column that is not served. */
  | { readonly kind: 'hidden'; readonly name: string }
  | GapShape;

/**
 * No column: members of another source are to be put here (`name`: of the navigation property that leads to them, whose links
 * are written). `key`: values of this row, columns of the type `value` or `hidden`, that say which.
 */
export interface GapShape {
  readonly kind: 'gap';
  readonly name: string;
  readonly key: readonly { readonly name: string; readonly type: PrimitiveTypeName }[];
}

/** Makes `@odata.id` and friends of an entity: the set and its key, whose columns come before the fields of its row. */
export interface ControlShape {
  readonly set: string;
  readonly type: string;
  readonly key: readonly { readonly name: string; readonly type: PrimitiveTypeName }[];
  /** Navigation properties that `metadata=full` gives links of: the selected and the expanded ones. Absent: none. */
  readonly navigations?: readonly string[];
}
