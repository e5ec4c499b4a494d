import { renameSync, rmSync } from 'node:fs';
import type libsql from 'libsql';
import {
  type Changes,
  type Entry,
  type FoundEntry,
  type HistoryStore,
  type Range,
  type Retention,
  type TableName,
  tableNames,
} from './history-table.ts';
import { isDamage, isFull, storageReason } from './storage-reason.ts';

/** Creates a connection to a database file, as the class of the package `libsql` does. */
export type Connect = (path: string) => libsql.Database;

/** Version of the schema. */
const version = 1;

const settings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
`;

const schema = `
  PRAGMA user_version = ${version};
  ${tableNames
    .map(
      (table) => `
  CREATE TABLE IF NOT EXISTS ${table} (
    id INTEGER PRIMARY KEY, changed INTEGER NOT NULL, open INTEGER NOT NULL, record TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS ${table}_changed ON ${table} (changed);
  CREATE INDEX IF NOT EXISTS ${table}_open ON ${table} (changed) WHERE open = 1;
  CREATE TABLE IF NOT EXISTS ${table}_streams (
    id INTEGER NOT NULL, stream TEXT NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (id, stream)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS ${table}_stream ON ${table}_streams (stream, changed);`,
    )
    .join('')}
  CREATE TABLE IF NOT EXISTS settings (place INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL);
`;

/**
 * A history in an SQLite database file with a write-ahead log. A write is one transaction, which survives the end of the
 * process however it ends; its cost does not depend on the number of records. After a power failure, the newest
 * transactions can be lost, but the file is intact: it is synchronized with the disk about every 4 MB only.
 *
 * A damaged file is kept as `<file>.broken`, and a new one is started.
 */
export class SqliteStore implements HistoryStore {
  readonly durable: boolean = true;
  readonly #path: string;
  readonly #connect: Connect;
  readonly #log: (line: string) => void;
  readonly #statements = new Map<string, libsql.Statement<unknown[]>>();
  #database: libsql.Database | undefined;
  #count: Record<TableName, number> = { alarms: 0, sessions: 0 };
  #replaced = 0;

  /** Opens or creates a file. @throws Error with the reason if that is not possible */
  constructor(path: string, connect: Connect, log: (line: string) => void) {
    this.#path = path;
    this.#connect = connect;
    this.#log = log;
    this.#guard(() => {});
  }

  get replaced(): number {
    return this.#replaced;
  }

  write({ alarms = [], sessions = [], settings = new Map<string, string>() }: Changes): void {
    this.#transact(() => {
      for (const entry of alarms) this.#put('alarms', entry);
      for (const entry of sessions) this.#put('sessions', entry);
      for (const [key, value] of settings)
        if (value === undefined) this.#run('DELETE FROM settings WHERE key = ?', key);
        else this.#run('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)', key, value);
    });
  }

  read(table: TableName, { since, before, stream }: Range, limit: number): FoundEntry[] {
    const range = [since, before, limit];
    const rule = 'changed >= ? AND changed < ? ORDER BY changed DESC LIMIT ?';
    if (stream === undefined)
      return this.#all(`SELECT id, changed, record AS json FROM ${table} WHERE ${rule}`, ...range);
    if (!stream.endsWith('*'))
      return this.#all(
        `SELECT id, s.changed AS changed, (SELECT record FROM ${table} t WHERE t.id = s.id) AS json
         FROM ${table}_streams s WHERE stream = ? AND ${rule}`,
        stream,
        ...range,
      );
    const prefix = stream.slice(0, -1);
    return this.#all(
      `SELECT id, changed, CASE WHEN EXISTS (SELECT 1 FROM ${table}_streams s
         WHERE s.id = t.id AND s.stream >= ? AND s.stream < ?) THEN record END AS json
       FROM ${table} t WHERE ${rule}`,
      prefix,
      `${prefix}\x7f`,
      ...range,
    );
  }

  get(table: TableName, id: number): FoundEntry | undefined {
    return this.#all(`SELECT id, changed, record AS json FROM ${table} WHERE id = ?`, id).at(0);
  }

  open(table: TableName): FoundEntry[] {
    return this.#all(`SELECT id, changed, record AS json FROM ${table} WHERE open = 1 ORDER BY changed`);
  }

  last(table: TableName): { id: number; changed: number } {
    const sql = `SELECT (SELECT max(id) FROM ${table}) AS id, (SELECT max(changed) FROM ${table}) AS changed`;
    const [{ id, changed }] = this.#guard(() => this.#statement(sql).all() as { id: number; changed: number }[]);
    return { id: id ?? 0, changed: changed ?? 0 };
  }

  settings(): Map<string, string> {
    const rows = this.#guard(
      () => this.#statement('SELECT key, value FROM settings ORDER BY place').all() as { key: string; value: string }[],
    );
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  trim({ before, records, bytes }: Retention, step: number): number {
    const isFull = this.#size() > bytes;
    let deleted = 0;
    for (const table of tableNames) {
      const surplus = isFull ? step : Math.min(step, Math.max(0, this.#count[table] - records));
      const oldest = `SELECT id FROM ${table} WHERE open = 0`;
      const old = this.#all(`${oldest} AND changed < ? ORDER BY changed LIMIT ?`, before, step);
      const all = old.length >= surplus ? old : this.#all(`${oldest} ORDER BY changed LIMIT ?`, surplus);
      if (all.length > 0) this.#delete(table, all);
      deleted += all.length;
    }
    return deleted;
  }

  close(): void {
    try {
      this.#database?.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      this.#log(`${this.#path}: ${storageReason(error)}`);
    }
    this.#disconnect();
  }

  #delete(table: TableName, entries: readonly { id: number }[]): void {
    this.#transact(() => {
      for (const { id } of entries) {
        this.#run(`DELETE FROM ${table}_streams WHERE id = ?`, id);
        this.#run(`DELETE FROM ${table} WHERE id = ?`, id);
      }
      this.#count[table] -= entries.length;
    });
  }

  #put(table: TableName, { id, changed, open, streams, json }: Entry): void {
    const values = [changed, open ? 1 : 0, json, id];
    const { changes } = this.#run(`UPDATE ${table} SET changed = ?, open = ?, record = ? WHERE id = ?`, ...values);
    if (changes === 0) {
      this.#run(`INSERT INTO ${table} (changed, open, record, id) VALUES (?, ?, ?, ?)`, ...values);
      this.#count[table]++;
    }
    for (const stream of streams)
      this.#run(
        `INSERT INTO ${table}_streams (id, stream, changed) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET changed = excluded.changed WHERE changed <> excluded.changed`,
        id,
        stream,
        changed,
      );
  }

  /** Size of the records in bytes. */
  #size(): number {
    const sql = `SELECT (p.page_count - f.freelist_count) * s.page_size AS size
      FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s`;
    return this.#guard(() => (this.#statement(sql).all() as { size: number }[])[0].size);
  }

  #all(sql: string, ...values: unknown[]): FoundEntry[] {
    return this.#guard(() => this.#statement(sql).all(...values) as FoundEntry[]);
  }

  #run(sql: string, ...values: unknown[]): { changes: number } {
    return this.#statement(sql).run(...values);
  }

  #statement(sql: string): libsql.Statement<unknown[]> {
    const statement = this.#statements.get(sql) ?? this.#database!.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #open(): libsql.Database {
    const database = this.#connect(this.#path);
    try {
      const [{ user_version: found }] = database.prepare('PRAGMA user_version').all() as { user_version: number }[];
      if (found > version) throw new Error(`a newer version of Tapline wrote the file (format ${found})`);
      database.exec(settings);
      try {
        database.exec(schema);
      } catch (error) {
        // a file that has the schema can be opened on a full disk
        if (found < version || !isFull(error)) throw error;
      }
      for (const table of tableNames) {
        const [{ n }] = database.prepare(`SELECT count(*) AS n FROM ${table}`).all() as { n: number }[];
        this.#count[table] = n;
      }
    } catch (error) {
      database.close();
      throw error;
    }
    return (this.#database = database);
  }

  #disconnect(): void {
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  /** Calls `work` in a transaction. If it fails, nothing has changed. */
  #transact(work: () => void): void {
    const count = { ...this.#count };
    this.#guard((database) => {
      try {
        database.exec('BEGIN IMMEDIATE');
        work();
        database.exec('COMMIT');
      } catch (error) {
        this.#count = count;
        if (database.inTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Returns the result of `work`. If the file is damaged, it is replaced, and `work` is done with the new one. */
  #guard<T>(work: (database: libsql.Database) => T): T {
    try {
      return work(this.#database ?? this.#open());
    } catch (error) {
      if (!isDamage(error)) throw new Error(storageReason(error), { cause: error });
      this.#replace(storageReason(error));
      return work(this.#open());
    }
  }

  /** Keeps the damaged file under another name and starts a new one. */
  #replace(reason: string): void {
    this.#disconnect();
    for (const suffix of ['', '-wal']) {
      rmSync(`${this.#path}.broken${suffix}`, { force: true });
      try {
        renameSync(`${this.#path}${suffix}`, `${this.#path}.broken${suffix}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    rmSync(`${this.#path}-shm`, { force: true });
    this.#replaced++;
    this.#log(`${this.#path} is damaged (${reason}); it is kept as ${this.#path}.broken, and a new history is started`);
  }
}
