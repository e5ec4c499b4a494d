/** Least ms between two acknowledgements. */
const interval = 250;

/** Says when to acknowledge: at once, and then at most every 250 ms; whatever is due is told in the end. */
export class Acknowledger {
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | undefined;
  #last = -Infinity;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** Something is to be acknowledged. */
  due(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#last = performance.now();
        this.#tell();
      },
      Math.max(0, this.#last + interval - performance.now()),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
