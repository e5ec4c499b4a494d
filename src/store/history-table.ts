/** A record as it is stored: its JSON, and what it is found by. */
export interface Entry {
  readonly id: number;
  /** When the record last changed, in ms since 1970. No two records of a table have the same. */
  readonly changed: number;
  /** Whether the record can still change by itself. Open records are not deleted. */
  readonly open: boolean;
  /** Names of the streams that the record is about. A record never loses one. */
  readonly streams: readonly string[];
  readonly json: string;
}

/** Names of the tables of a history. */
export const tableNames = ['alarms', 'sessions'] as const;
export type TableName = (typeof tableNames)[number];

/** Part of a table in descending order of `changed`. */
export interface Range {
  /** Lowest `changed`. */
  readonly since: number;
  /** `changed` must be less. */
  readonly before: number;
  /** A stream name, or a prefix and `*`. Default: all. */
  readonly stream?: string;
}

/** A record in a range, the newest first. `json` is null if it is of another stream; it counts toward the limit. */
export type FoundEntry = Pick<Entry, 'id' | 'changed'> & { readonly json: string | null };

/** Which records are deleted, the oldest first. */
export interface Retention {
  /** Records that last changed before this time are deleted, in ms since 1970. */
  readonly before: number;
  /** Maximum number of records per table. */
  readonly records: number;
  /** Maximum size of all tables in bytes. */
  readonly bytes: number;
}

/** What is written at once, completely or not at all. */
export interface Changes {
  readonly alarms?: readonly Entry[];
  readonly sessions?: readonly Entry[];
  /** Values by key; undefined deletes a key. */
  readonly settings?: ReadonlyMap<string, string | undefined>;
}

/** Storage of records and settings. Every method throws an Error with a plain sentence if the storage fails. */
export interface HistoryStore {
  /** Whether records survive the end of the process. */
  readonly durable: boolean;
  /** Counts how often the storage was replaced by an empty one, because it was damaged. */
  readonly replaced: number;
  write(changes: Changes): void;
  /** Returns at most `limit` records of a range. */
  read(table: TableName, range: Range, limit: number): FoundEntry[];
  get(table: TableName, id: number): FoundEntry | undefined;
  /** Returns all open records, in ascending order of `changed`. */
  open(table: TableName): FoundEntry[];
  /** Highest `id` and `changed` in a table; 0 if it is empty. */
  last(table: TableName): { id: number; changed: number };
  /** All settings, the one that was set longest ago first. */
  settings(): Map<string, string>;
  /** Deletes at most `step` closed records of each table. Returns the number of deleted records. */
  trim(retention: Retention, step: number): number;
  close(): void;
}

/** Returns whether a stream's name matches the name, or the prefix and `*`, of a range. */
export function matches(pattern: string, stream: string): boolean {
  return pattern.endsWith('*') ? stream.startsWith(pattern.slice(0, -1)) : stream === pattern;
}
