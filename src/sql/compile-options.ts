/** What the reader of the rows needs besides the plan. */
export interface CompileOptions {
  /** Key columns of every entity, for `@odata.id` (`odata.metadata=full`). References have them always. */
  readonly controls?: boolean;
}
