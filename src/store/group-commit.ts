/** What writes its pending data in a group commit. */
export interface CommitMember {
  /** Writes pending data. Resolves to true if nothing is left to do. Rejects if the data cannot be written now. */
  commit(): Promise<boolean>;
}

/** Options of a group commit. */
export interface GroupCommitOptions {
  /** Time between the first pending record and its write, in ms. */
  readonly interval: number;
  /** Time until the next attempt after a failure, in ms. */
  readonly retry: number;
  /** Number of members that write at the same time. */
  readonly concurrency: number;
  /** Called with each failure. */
  readonly onError: (error: Error) => void;
  /** Called after the first pass without a failure. */
  readonly onRecovery: () => void;
}

/** Writes the pending data of many streams together: one timer, and one pass over the streams that have any. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #dirty = new Set<CommitMember>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pass: Promise<void> | undefined;
  #isDue = false;
  /** Whether the last pass has failed, so that the next one waits. */
  #hasFailed = false;
  #stopped = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Includes a member in the next pass. */
  add(member: CommitMember): void {
    if (this.#dirty.has(member)) return;
    this.#dirty.add(member);
    this.#schedule(this.#options.interval);
  }

  /** Excludes a member. */
  remove(member: CommitMember): void {
    this.#dirty.delete(member);
  }

  /** Starts the next pass now, because much data is pending. After a failure, the next pass waits nevertheless. */
  hurry(): void {
    if (this.#pass || this.#stopped || this.#hasFailed) return;
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(() => {
        this.#isDue = false;
        if (!this.#stopped) void this.#start();
      });
    }
  }

  /** Writes what is pending at the moment of the call, as far as it can be written; `onError` is called with failures. */
  async flush(): Promise<void> {
    await this.#pass;
    await this.#start();
  }

  /** Resolves after the current pass. No further pass is started by time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  #schedule(delay: number): void {
    if (this.#timer || this.#pass || this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#start();
    }, delay);
  }

  /** Starts a pass, unless one is running. Resolves when it ends. */
  #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pass ??= this.#run([...this.#dirty]).then((failed) => {
      this.#pass = undefined;
      if (this.#hasFailed && !failed) this.#options.onRecovery();
      this.#hasFailed = failed;
      if (this.#dirty.size > 0) this.#schedule(failed ? this.#options.retry : this.#options.interval);
    });
    return this.#pass;
  }

  /** Commits `members` with limited concurrency. Returns whether one has failed. */
  async #run(members: CommitMember[]): Promise<boolean> {
    let failed = false;
    const commitInTurn = async (): Promise<void> => {
      for (let member = members.pop(); member; member = members.pop()) {
        this.#dirty.delete(member);
        try {
          if (!(await member.commit())) this.#dirty.add(member);
        } catch (error) {
          failed = true;
          this.#dirty.add(member);
          this.#options.onError(error instanceof Error ? error : new Error(String(error)));
        }
      }
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, commitInTurn));
    return failed;
  }
}
