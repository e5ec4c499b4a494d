import * as v from 'valibot';
import type { History, HistoryPage } from '../store/history.ts';
import type { Entry, Range } from '../store/history-table.ts';

/** A connection of a sensor to a stream, during one run. Times in ms since 1970. */
export interface SessionRecord {
  /** Number of the session, from 1. */
  id: number;
  /** Name of the stream. */
  stream: string;
  /** How the sensor sent its frames. */
  via: 'websocket' | 'http';
  /** When it last changed: when it was opened, or closed. No two sessions have the same. */
  changed: number;
  opened: number;
  /** When it was closed; absent while the sensor is connected. */
  closed?: number;
  /** Close code of the WebSocket. */
  code?: number;
  /** Why it was closed, if known. */
  reason?: string;
  /** Number of the run. */
  run: number;
  /** Index of the first frame that the sensor could send. */
  from: number;
  /** Index after the last frame; `from` if there was none. */
  to: number;
}

/** How a session ended. */
export type SessionEnd = Pick<SessionRecord, 'code' | 'reason'>;

const record: v.GenericSchema<unknown, SessionRecord> = v.object({
  id: v.number(),
  stream: v.string(),
  via: v.picklist(['websocket', 'http']),
  changed: v.number(),
  opened: v.number(),
  closed: v.optional(v.number()),
  code: v.optional(v.number()),
  reason: v.optional(v.string()),
  run: v.number(),
  from: v.number(),
  to: v.number(),
});

/** The connections of sensors, now and in the past, in a history. A change is stored within a second. */
export class SessionLog {
  readonly #history: History;
  /** Open sessions, by stream. */
  readonly #open = new Map<string, SessionRecord>();
  #next: number;
  #last: number;

  /**
   * Opens the log. Sessions that were open when the server was killed ended when they were last stored, at most a minute
   * before.
   */
  constructor(history: History) {
    this.#history = history;
    const { id, changed } = history.last('sessions');
    this.#next = id + 1;
    this.#last = changed;
    const reason = 'The server was stopped without closing the connection.';
    for (const json of history.open('sessions')) {
      const one = parse(json);
      if (one) this.#put({ ...one, closed: this.#stamp(one.changed), reason });
    }
  }

  /** A sensor has opened a stream, or a new run has begun. An open session of the stream ends. */
  open(stream: string, { run, next }: { run: number; next: number }, via: SessionRecord['via'], now: number): void {
    this.close(stream, { reason: 'A new run began.' }, now);
    const opened = this.#stamp(now);
    const session = { id: this.#next++, stream, via, changed: opened, opened, run, from: next, to: next };
    this.#open.set(stream, session);
    this.#put(session);
  }

  /** A new run of a connected stream has begun. */
  newRun(stream: string, start: { run: number; next: number }, now: number): void {
    const session = this.#open.get(stream);
    if (session && session.run !== start.run) this.open(stream, start, session.via, now);
  }

  /** Records that the frames before frame `next` have arrived. */
  advance(stream: string, next: number): void {
    const session = this.#open.get(stream);
    if (session) session.to = next;
  }

  close(stream: string, end: SessionEnd, now: number): void {
    const session = this.#open.get(stream);
    if (!session) return;
    this.#open.delete(stream);
    const closed = this.#stamp(now);
    this.#put({ ...session, ...end, changed: closed, closed });
  }

  /** Stores how far the open sessions are. */
  save(): void {
    this.#history.writeLater({ sessions: Array.from(this.#open.values(), entryOf) });
  }

  /** Ends all sessions, because the server stops. */
  stop(now: number): void {
    for (const stream of [...this.#open.keys()])
      this.close(stream, { code: 1001, reason: 'The server is shutting down.' }, now);
  }

  /** Returns a time that is later than every change so far. */
  time(now: number): number {
    return this.#stamp(now);
  }

  /** Returns the sessions of a range, the most recently changed first. */
  page(range: Range, limit: number): Promise<HistoryPage<SessionRecord>> {
    this.save();
    return this.#history.page('sessions', range, limit, parse);
  }

  #stamp(now: number): number {
    this.#last = Math.max(now, this.#last + 1);
    return this.#last;
  }

  #put(session: SessionRecord): void {
    this.#history.writeLater({ sessions: [entryOf(session)] });
  }
}

function parse(json: string): SessionRecord | undefined {
  const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), record), json);
  return success ? output : undefined;
}

function entryOf(session: SessionRecord): Entry {
  const { id, changed, stream, closed } = session;
  return { id, changed, open: closed === undefined, streams: [stream], json: JSON.stringify(session) };
}
