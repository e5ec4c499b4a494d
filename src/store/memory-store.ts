import {
  type Changes,
  type Entry,
  type FoundEntry,
  type HistoryStore,
  matches,
  type Range,
  type Retention,
  type TableName,
} from './history-table.ts';

/** Maximum number of closed records per table. */
const maxClosed = 10_000;
/** Maximum size of the closed records of a table, in characters. */
const maxSize = 16 << 20;

/** A history in memory. It keeps open records and the newest closed ones: per table at most 10,000, and 16 MiB. */
export class MemoryStore implements HistoryStore {
  readonly durable: boolean = false;
  readonly replaced: number = 0;
  readonly #tables = { alarms: new MemoryTable(), sessions: new MemoryTable() };
  readonly #settings = new Map<string, string>();

  write({ alarms = [], sessions = [], settings = new Map() }: Changes): void {
    for (const entry of alarms) this.#tables.alarms.put(entry);
    for (const entry of sessions) this.#tables.sessions.put(entry);
    for (const [key, value] of settings) {
      this.#settings.delete(key);
      if (value !== undefined) this.#settings.set(key, value);
    }
  }

  read(table: TableName, range: Range, limit: number): FoundEntry[] {
    return this.#tables[table].read(range).slice(0, limit);
  }

  get(table: TableName, id: number): FoundEntry | undefined {
    return this.#tables[table].entries.get(id);
  }

  open(table: TableName): FoundEntry[] {
    return [...this.#tables[table].entries.values()].filter(({ open }) => open);
  }

  last(table: TableName): { id: number; changed: number } {
    const all = [...this.#tables[table].entries.values()];
    return all.reduce(
      (last, { id, changed }) => ({ id: Math.max(last.id, id), changed: Math.max(last.changed, changed) }),
      { id: 0, changed: 0 },
    );
  }

  settings(): Map<string, string> {
    return new Map(this.#settings);
  }

  trim(retention: Retention, step: number): number {
    return this.#tables.alarms.trim(retention, step) + this.#tables.sessions.trim(retention, step);
  }

  close(): void {}
}

/** Records in ascending order of `changed`. */
class MemoryTable {
  readonly entries: Map<number, Entry> = new Map<number, Entry>();
  #closed = 0;
  #size = 0;

  put(entry: Entry): void {
    const before = this.entries.get(entry.id);
    if (before) this.#count(before, -1);
    if (before?.changed !== entry.changed) this.entries.delete(entry.id);
    this.entries.set(entry.id, entry);
    this.#count(entry, 1);
    for (const old of this.entries.values()) {
      if (this.#closed <= maxClosed && this.#size <= maxSize) break;
      if (!old.open && old.id !== entry.id) this.#delete(old);
    }
  }

  read({ since, before, stream }: Range): FoundEntry[] {
    const inRange = [...this.entries.values()].filter(({ changed }) => changed >= since && changed < before);
    return inRange.reverse().map(({ id, changed, json, streams }) => {
      const isAsked = stream === undefined || streams.some((name) => matches(stream, name));
      return { id, changed, json: isAsked ? json : null };
    });
  }

  trim({ before, records, bytes }: Retention, step: number): number {
    let deleted = 0;
    for (const entry of this.entries.values()) {
      if (deleted === step || (entry.changed >= before && this.entries.size <= records && this.#size <= bytes)) break;
      if (entry.open) continue;
      this.#delete(entry);
      deleted++;
    }
    return deleted;
  }

  #delete(entry: Entry): void {
    this.entries.delete(entry.id);
    this.#count(entry, -1);
  }

  #count({ open, json }: Entry, sign: number): void {
    if (open) return;
    this.#closed += sign;
    this.#size += sign * json.length;
  }
}
