/** Why a connection was rejected or closed by the server. */
export type RejectionReason =
  | 'not-allowed'
  | 'subprotocol'
  | 'unknown-path'
  | 'bad-address'
  | 'name-in-use'
  | 'too-many-streams'
  | 'too-many-viewers'
  | 'too-many-connections'
  | 'no-request'
  | 'bad-request'
  | 'bad-frame'
  | 'no-hello'
  | 'unfinished-message'
  | 'too-much-unfinished'
  | 'flood';

/** Minimum time between two log lines of one reason, in ms. */
const interval = 10_000;

interface Counted {
  count: number;
  /** Connections since the last log line, and the last of them. */
  pending: number;
  last: string;
  logged: number;
}

/**
 * Counts rejected connections by reason. The first of a reason is logged at once; the following ones are summarized, at most one
 * line per reason every 10 s.
 */
export class RejectedConnections {
  readonly #reasons = new Map<RejectionReason, Counted>();
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Adds a connection from `address`, rejected at `now` (ms of any clock that does not go back). */
  add(reason: RejectionReason, address: string, sentence: string, now: number = performance.now()): void {
    const counted = this.#reasons.get(reason) ?? { count: 0, pending: 0, last: '', logged: -Infinity };
    this.#reasons.set(reason, counted);
    counted.count++;
    counted.pending++;
    counted.last = `${address || 'unknown address'}: ${sentence}`;
    this.#report(reason, counted, now);
  }

  /** Logs pending summaries; called once per second. */
  tick(now: number = performance.now()): void {
    for (const [reason, counted] of this.#reasons) this.#report(reason, counted, now);
  }

  /** Number of rejected connections by reason; undefined if there were none. */
  get counts(): Partial<Record<RejectionReason, number>> | undefined {
    if (this.#reasons.size === 0) return undefined;
    return Object.fromEntries(Array.from(this.#reasons, ([reason, { count }]) => [reason, count]));
  }

  #report(reason: RejectionReason, counted: Counted, now: number): void {
    if (counted.pending === 0 || now - counted.logged < interval) return;
    const which =
      counted.pending === 1 ? 'a connection' : `${counted.pending} connections in the last seconds; the last one`;
    this.#log(`rejected ${which} from ${counted.last} (${reason})`);
    counted.pending = 0;
    counted.logged = now;
  }
}
