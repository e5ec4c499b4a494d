/** Notes on learners that wait for their target stream, cannot run, or start with new weights: one sentence for each. */
export class LearnerNotes {
  readonly #notes = new Map<string, string>();
  /** All sentences that `takeNew` has returned. */
  readonly #taken = new Set<string>();

  /** The sentences, by the name of the learner. */
  get all(): ReadonlyMap<string, string> {
    return this.#notes;
  }

  /** @param text what there is to say about the learner, as the end of a sentence that starts with its name */
  set(learner: string, text: string): void {
    this.#notes.set(learner, `learner ${learner} ${text}`);
  }

  delete(learner: string): void {
    this.#notes.delete(learner);
  }

  clear(): void {
    this.#notes.clear();
  }

  /** Returns the sentences that have not been returned before. */
  takeNew(): string[] {
    const sentences = [...this.#notes.values()].filter((sentence) => !this.#taken.has(sentence));
    for (const sentence of sentences) this.#taken.add(sentence);
    return sentences;
  }
}
