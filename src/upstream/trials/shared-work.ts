/**
 * Work that several ask for at the same time is done once: whoever comes later gets what comes of it, or its error. Where it ended because the one who began it hung
 * up, the next one begins anew.
 */
export class SharedWork<Result> {
  readonly #running = new Map<string, { readonly result: Promise<Result>; readonly signal: AbortSignal }>();

  /** `name`: what is the same work. `signal`: aborts when the one who asks hangs up, and ends work that was begun with it. */
  async of(name: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    for (let running = this.#running.get(name); running !== undefined; running = this.#running.get(name)) {
      try {
        return await running.result;
      } catch (error) {
        if (!running.signal.aborted) {
          throw error;
        }
      }
    }
    const result = work().finally(() => this.#running.delete(name));
    this.#running.set(name, { result, signal });
    return result;
  }
}
