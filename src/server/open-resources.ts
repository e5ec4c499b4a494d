/** What a server has opened, and how to close it. */
export class OpenResources {
  readonly #closes: (() => Promise<void> | undefined | void)[] = [];

  /** Adds a resource. */
  add(close: () => Promise<void> | undefined | void): void {
    this.#closes.push(close);
  }

  /** Closes all resources, the last one first. */
  async close(): Promise<void> {
    for (const close of this.#closes.splice(0).reverse()) await close();
  }
}
