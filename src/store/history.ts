import { setImmediate } from 'node:timers/promises';
import { type Changes, type Entry, type HistoryStore, matches, type Range, type TableName } from './history-table.ts';

/** Number of records that are written or read at once. */
const batch = 64;
/** Maximum size of the records that wait to be written, in characters. */
const maxWaiting = 16 << 20;
/** Number of records that are deleted per second and table at most. */
const trimStep = 200;
/** Maximum size of the stored records of a page, in characters. */
const maxPageSize = 4 << 20;

/** How long records are kept. */
export interface HistoryRetention {
  /** Days since the last change. Default: 365. */
  days?: number;
  /** Maximum number of alarms, and of sessions. Default: 100,000. */
  records?: number;
  /** Maximum size in bytes. Default: 1 GiB. */
  bytes?: number;
}

/** Whether the newest records would survive the end of the process. */
export interface HistoryStatus {
  durable: boolean;
  /** Number of records that wait to be stored. */
  waiting: number;
  /** Why records are not durable. */
  reason?: string;
}

/** A record with what a history finds it by. */
export interface HistoryRecord {
  id: number;
  changed: number;
}

/** Records of a query, the newest first. */
export interface HistoryPage<T> {
  records: T[];
  /** Whether there are older ones in the range. */
  more: boolean;
}

/**
 * The history of alarms and of sessions. What cannot be stored, as on a full disk, waits in memory: queries find it, and it is
 * stored as soon as that is possible.
 */
export class History {
  readonly #store: HistoryStore;
  readonly #log: (line: string) => void;
  readonly #retention: Required<HistoryRetention>;
  readonly #waiting = { alarms: new Map<number, Entry>(), sessions: new Map<number, Entry>() };
  #settings = new Map<string, string | undefined>();
  #size = 0;
  #dropped = 0;
  /** Why the last write failed. */
  #reason: string | undefined;
  /** Why the last read failed. */
  #unreadable: string | undefined;

  constructor(store: HistoryStore, log: (line: string) => void, retention: HistoryRetention = {}) {
    const { days = 365, records = 100_000, bytes = 2 ** 30 } = retention;
    this.#store = store;
    this.#log = log;
    this.#retention = { days, records, bytes };
  }

  /** Counts how often the storage was replaced by an empty one; live records must then be written again. */
  get replaced(): number {
    return this.#store.replaced;
  }

  /** Whether stored records survive the end of the process. */
  get durable(): boolean {
    return this.#store.durable;
  }

  get status(): HistoryStatus {
    const reason = this.#reason ?? (this.#store.durable ? undefined : 'kept in memory only');
    return { durable: reason === undefined, waiting: this.#count, ...(reason !== undefined && { reason }) };
  }

  /** Stores changes; they are durable on return unless `status` says otherwise. */
  write(changes: Changes): void {
    this.writeLater(changes);
    if (this.#reason === undefined) this.#flush();
  }

  /** Stores changes with the next `write` or `tick`. */
  writeLater({ alarms = [], sessions = [], settings = new Map() }: Changes): void {
    for (const entry of alarms) this.#wait('alarms', entry);
    for (const entry of sessions) this.#wait('sessions', entry);
    for (const [key, value] of settings) {
      this.#settings.delete(key);
      this.#settings.set(key, value);
    }
  }

  /** Stores what is waiting, and deletes a few of the records that have become too old or too many; called once per second. */
  tick(now: number): void {
    this.#flush();
    const { days, records, bytes } = this.#retention;
    if (this.#reason !== undefined && this.#store.durable) return;
    this.#read(() => this.#store.trim({ before: now - days * 86_400_000, records, bytes }, trimStep));
  }

  /** Returns the open records, in ascending order of `changed`. */
  open(table: TableName): string[] {
    return this.#store.open(table).flatMap(({ json }) => json ?? []);
  }

  last(table: TableName): HistoryRecord {
    return this.#store.last(table);
  }

  settings(): Map<string, string> {
    return this.#store.settings();
  }

  /** Returns the JSON of a record. */
  get(table: TableName, id: number): string | undefined {
    const waiting = this.#waiting[table].get(id);
    return waiting ? waiting.json : (this.#read(() => this.#store.get(table, id))?.json ?? undefined);
  }

  /** Returns the newest records of a table, newest first. */
  newest<T extends HistoryRecord>(table: TableName, limit: number, parse: (json: string) => T | undefined): T[] {
    const found = this.#read(() => this.#store.read(table, { since: 0, before: Number.MAX_SAFE_INTEGER }, limit)) ?? [];
    return found.flatMap(({ json }) => (json === null ? [] : (parse(json) ?? [])));
  }

  /**
   * Returns the records of a range, the newest first, and whether there are more. Between steps of bounded work, the event
   * loop continues.
   *
   * @param live the newest records of the range that are in memory: one more than `limit` if there are more
   * @param known ids of all records that are in memory, and take precedence over stored ones
   */
  async page<T extends HistoryRecord>(
    table: TableName,
    range: Range,
    limit: number,
    parse: (json: string) => T | undefined,
    live: readonly T[] = [],
    known: Set<number> = new Set(),
  ): Promise<HistoryPage<T>> {
    const { since, before, stream } = range;
    const records = [...live];
    for (const { id, changed, streams, json } of this.#waiting[table].values()) {
      if (known.has(id)) continue;
      known.add(id);
      const isAsked = stream === undefined || streams.some((name) => matches(stream, name));
      if (changed >= since && changed < before && isAsked) records.push(...parsed(json, parse));
    }
    const stored: T[] = [];
    let cursor = before;
    let size = 0;
    while (stored.length <= limit && size <= maxPageSize) {
      const found = this.#read(() => this.#store.read(table, { ...range, before: cursor }, batch)) ?? [];
      for (const { id, json } of found)
        for (const record of json === null || known.has(id) ? [] : parsed(json, parse)) {
          stored.push(record);
          size += json?.length ?? 0;
        }
      if (found.length < batch) {
        cursor = -Infinity;
        break;
      }
      cursor = found[found.length - 1].changed;
      await setImmediate();
    }
    // Beyond the last stored record that was read, the page is not complete.
    const read = [...records.filter(({ changed }) => changed >= cursor), ...stored];
    const all = read.sort((a, b) => b.changed - a.changed);
    const page = pageOf(all, limit);
    return { ...page, more: page.more || cursor > -Infinity };
  }

  /** Stores what is waiting if possible, and closes the storage. */
  close(): void {
    this.#flush(Infinity);
    const lost = this.#count + this.#dropped;
    if (lost > 0)
      this.#log(`history: lost ${lost} records of alarms and sessions: ${this.#reason ?? 'they were too many'}`);
    this.#store.close();
  }

  get #count(): number {
    return this.#waiting.alarms.size + this.#waiting.sessions.size;
  }

  #wait(table: TableName, entry: Entry): void {
    const waiting = this.#waiting[table];
    this.#size += entry.json.length - (waiting.get(entry.id)?.json.length ?? 0);
    waiting.delete(entry.id);
    waiting.set(entry.id, entry);
    for (const name of ['sessions', 'alarms'] as const)
      for (const old of this.#waiting[name].values()) {
        if (this.#size <= maxWaiting) return;
        this.#waiting[name].delete(old.id);
        this.#size -= old.json.length;
        this.#dropped++;
      }
  }

  /** Stores what is waiting, in several steps. */
  #flush(steps = 16): void {
    const { alarms, sessions } = this.#waiting;
    for (let step = 0; step < steps && (this.#count > 0 || this.#settings.size > 0); step++) {
      const changes = {
        alarms: first(alarms, batch),
        sessions: first(sessions, batch),
        settings: this.#settings,
      };
      if (!this.#save(changes)) return;
      for (const { id, json } of changes.alarms) if (alarms.delete(id)) this.#size -= json.length;
      for (const { id, json } of changes.sessions) if (sessions.delete(id)) this.#size -= json.length;
      this.#settings = new Map();
    }
  }

  /** Writes; returns false if the storage failed. Failure and recovery are logged once. */
  #save(changes: Changes): boolean {
    try {
      this.#store.write(changes);
    } catch (error) {
      const reason = messageOf(error);
      if (this.#reason === undefined)
        this.#log(`history: alarms and sessions cannot be stored and are kept in memory: ${reason}`);
      this.#reason = reason;
      return false;
    }
    if (this.#reason !== undefined) this.#log('history: alarms and sessions are stored again');
    if (this.#dropped > 0) this.#log(`history: ${this.#dropped} records were lost, because they were too many`);
    this.#reason = undefined;
    this.#dropped = 0;
    return true;
  }

  /** Returns the result of `work`; undefined if the storage failed, which is logged once. */
  #read<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.#unreadable = undefined;
      return result;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== this.#unreadable) this.#log(`history: stored alarms and sessions cannot be read: ${reason}`);
      this.#unreadable = reason;
      return undefined;
    }
  }
}

function parsed<T>(json: string, parse: (json: string) => T | undefined): T[] {
  const record = parse(json);
  return record === undefined ? [] : [record];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function first<T>(entries: ReadonlyMap<number, T>, count: number): T[] {
  const list: T[] = [];
  for (const entry of entries.values()) {
    if (list.length === count) break;
    list.push(entry);
  }
  return list;
}

/** Returns the first records, at most `limit`, whose JSON has a bounded size; at least one. */
export function pageOf<T>(records: readonly T[], limit: number): HistoryPage<T> {
  let size = 0;
  const end = records.findIndex((record, i) => {
    size += JSON.stringify(record).length;
    return i >= limit || (size > maxPageSize && i > 0);
  });
  return end < 0 ? { records: [...records], more: false } : { records: records.slice(0, end), more: true };
}
