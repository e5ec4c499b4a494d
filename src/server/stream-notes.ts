/** Maximum number of notes from messages. */
const maxFromMessages = 16;

/** Notes on assumptions and doubtful properties of a stream: one sentence for each key. */
export class StreamNotes {
  readonly #notes = new Map<string, string>();
  #reported = '';

  get all(): ReadonlyMap<string, string> {
    return this.#notes;
  }

  /** Adds, changes, or removes a note. */
  set(key: string, sentence: string | undefined): void {
    if (sentence === undefined) this.#notes.delete(key);
    else this.#notes.set(key, sentence);
  }

  /** Adds the warnings of a message, up to a limit. */
  add(warnings: readonly string[]): void {
    for (const warning of warnings) if (this.#notes.size < maxFromMessages) this.#notes.set(warning, warning);
  }

  /** Whether the keys of `notes` differ from those of the last call. */
  changed(notes: ReadonlyMap<string, string>): boolean {
    const keys = [...notes.keys()].join('\n');
    const differs = keys !== this.#reported;
    this.#reported = keys;
    return differs;
  }

  clear(): void {
    this.#notes.clear();
  }
}
