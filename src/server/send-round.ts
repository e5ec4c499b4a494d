/** A queue whose messages can be sent together with those of others. */
export interface RoundMember {
  /** Removes the messages that can be sent now, and returns a function that sends them. */
  take(): () => void;
}

/**
 * Sends the messages of many viewers about the same frames in one round: prepares the messages of all viewers, and then writes
 * them to the sockets in immediate succession. A write costs less if the receiver is still active after the previous one.
 */
export class SendRound {
  readonly #waiting = new Set<RoundMember>();

  /** Includes a queue in the next round, after the work that is being done. */
  add(member: RoundMember): void {
    this.#waiting.add(member);
    if (this.#waiting.size > 1) return;
    queueMicrotask(() => {
      const members = [...this.#waiting];
      this.#waiting.clear();
      const sends = members.map((each) => each.take());
      for (const send of sends) send();
    });
  }
}
