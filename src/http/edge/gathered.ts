/** Questions about names that are asked one at a time: what is wanted while one is on its way goes together into the next. */
export class Gathered<Name> {
  readonly #work: (names: readonly Name[]) => Promise<void>;
  #running: Promise<void> | null = null;
  #next: { readonly names: Set<Name>; readonly done: Promise<void> } | null = null;

  constructor(work: (names: readonly Name[]) => Promise<void>) {
    this.#work = work;
  }

  /** Resolves when it was asked about all of them, from now on. Throws what the work throws. */
  ask(names: readonly Name[]): Promise<void> {
    if (names.length === 0) {
      return Promise.resolve();
    }
    if (this.#next === null) {
      const gathered = new Set<Name>();
      const before = this.#running ?? Promise.resolve();
      const done = before
        .catch(() => {})
        .then(() => {
          this.#next = null;
          this.#running = done;
          return this.#work([...gathered]);
        })
        .finally(() => {
          if (this.#running === done) {
            this.#running = null;
          }
        });
      this.#next = { names: gathered, done };
    }
    for (const name of names) {
      this.#next.names.add(name);
    }
    return this.#next.done;
  }
}
