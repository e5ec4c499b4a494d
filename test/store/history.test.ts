import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { History } from '../../src/store/history.ts';
import { type Entry, matches } from '../../src/store/history-table.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';

let directory: string;
let lines: string[];
let histories: History[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-history-'));
  lines = [];
  histories = [];
});
afterEach(async () => {
  for (const history of histories) history.close();
  await rm(directory, { recursive: true });
});

const log = (line: string) => lines.push(line);
const path = () => join(directory, 'history.db');
const connect = (file: string) => new Database(file, { timeout: 0 });

/** A record whose JSON has about `size` characters. */
function entry(id: number, changed: number, { open = false, streams = ['mill'], size = 0 } = {}): Entry {
  return { id, changed, open, streams, json: JSON.stringify({ id, changed, text: 'x'.repeat(size) }) };
}

interface Stored {
  id: number;
  changed: number;
}
const parse = (json: string) => JSON.parse(json) as Stored;

function historyOn(store: MemoryStore | SqliteStore, retention = {}): History {
  const history = new History(store, log, retention);
  histories.push(history);
  return history;
}

/** A store in the file, and its connections. */
function connected(): { store: SqliteStore; databases: Database.Database[] } {
  const databases: Database.Database[] = [];
  const store = new SqliteStore(
    path(),
    (file) => {
      const database = connect(file);
      databases.push(database);
      return database;
    },
    log,
  );
  return { store, databases };
}

/** Reads a whole range page by page, as documented. */
async function readAll(history: History, limit: number, stream?: string): Promise<Stored[]> {
  const all: Stored[] = [];
  for (let before = 1e15; ;) {
    const range = { since: 0, before, ...(stream !== undefined && { stream }) };
    const { records, more } = await history.page('alarms', range, limit, parse);
    all.push(...records);
    if (!more) return all;
    before = records[records.length - 1].changed;
  }
}

const name = fc.constantFrom('mill', 'mill.1', 'mill.2', 'press', 'hall.1');
const step = fc.record({
  id: fc.integer({ min: 1, max: 150 }),
  open: fc.boolean(),
  streams: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
  passed: fc.integer({ min: 1, max: 50 }),
});

describe('a history', () => {
  test.each(['memory', 'file'])(
    'in %s pages through every record of a range once, newest first',
    async (kind) => {
      let n = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 300 }),
          fc.integer({ min: 1, max: 7 }),
          fc.constantFrom('mill', 'mill*', 'mill.*', '*', 'none', undefined),
          async (steps, limit, asked) => {
            const file = join(directory, `${n++}.db`);
            const history = new History(
              kind === 'memory' ? new MemoryStore() : new SqliteStore(file, connect, log),
              log,
            );
            const model = new Map<number, Entry>();
            let time = 0;
            for (const { id, open, streams, passed } of steps) {
              time += passed;
              const all = [...new Set([...(model.get(id)?.streams ?? []), ...streams])];
              model.set(id, entry(id, time, { open, streams: all }));
              history.write({ alarms: [model.get(id)!] });
            }
            const meant = [...model.values()].filter(({ streams }) =>
              streams.some((one) => matches(asked ?? '*', one)),
            );
            const expected = meant.sort((a, b) => b.changed - a.changed).map(({ id, changed }) => ({ id, changed }));
            const found = await readAll(history, limit, asked);
            expect(found.map(({ id, changed }) => ({ id, changed }))).toEqual(expected);
            expect(history.open('alarms').map((json) => parse(json).id)).toEqual(
              [...model.values()]
                .filter(({ open }) => open)
                .sort((a, b) => a.changed - b.changed)
                .map(({ id }) => id),
            );
            for (const { id, json } of model.values()) expect(history.get('alarms', id)).toBe(json);
            history.close();
          },
        ),
        { numRuns: 30, seed: 13 },
      );
    },
    60_000,
  );

  test('writes the same rows, and as many bytes, for an event among 20 and among 20,000 records', () => {
    const { store, databases } = connected();
    const costOfOne = (from: number, to: number) => {
      for (let id = from; id < to; id += 500)
        store.write({
          alarms: Array.from({ length: Math.min(500, to - id) }, (_, k) => entry(id + k, id + k, { size: 300 })),
        });
      const [database] = databases;
      const rows = () => (database.prepare('SELECT total_changes() AS n').all() as { n: number }[])[0].n;
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      const before = rows();
      store.write({
        alarms: [entry(from + 7, 1e9 + to, { open: true, size: 300 })],
        settings: new Map([['a', `${to}`]]),
      });
      return { rows: rows() - before, bytes: statSync(`${path()}-wal`).size };
    };
    const few = costOfOne(1, 20);
    const many = costOfOne(20, 20_000);
    expect(many.rows).toBe(few.rows);
    expect(many.rows).toBeLessThanOrEqual(4);
    // A few pages of 4 KB: of the table, its indexes, and their inner nodes.
    expect(many.bytes).toBeLessThan(64 << 10);
    store.close();
  });

  test('deletes the oldest closed records in small steps, by age and by number, and never open ones', () => {
    const { store } = connected();
    const history = historyOn(store, { days: 1, records: 500 });
    const day = 86_400_000;
    for (let id = 1; id <= 1000; id += 50)
      history.write({
        alarms: Array.from({ length: 50 }, (_, k) => entry(id + k, id + k, { open: (id + k) % 100 === 0 })),
      });
    history.write({ alarms: [entry(2000, 2 * day)] });
    const count = () => history.newest('alarms', 5000, parse).length;
    const counts = Array.from({ length: 5 }, () => {
      history.tick(day);
      return count();
    });
    expect(counts).toEqual([801, 601, 500, 500, 500]);
    history.tick(3 * day - 1);
    history.tick(3 * day - 1);
    history.tick(3 * day - 1);
    expect(history.newest('alarms', 5000, parse).map(({ id }) => id)).toEqual([
      2000, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100,
    ]);
    history.tick(3 * day + 1);
    expect(count()).toBe(10);
  });

  test('returns large records in pages of bounded size, and goes on where a page ends', async () => {
    const { store } = connected();
    const history = historyOn(store);
    for (let id = 1; id <= 20; id++) history.write({ alarms: [entry(id, id, { size: 500_000 })] });
    const { records, more } = await history.page('alarms', { since: 0, before: 100 }, 1000, parse);
    expect([records.length, more]).toEqual([8, true]);
    expect((await readAll(history, 1000)).map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, k) => 20 - k));
  });
});

describe('a history whose storage fails', () => {
  test('on a full disk keeps records in memory, returns them in order, and stores them when there is room', async () => {
    const { store, databases } = connected();
    const history = historyOn(store);
    history.write({ alarms: [entry(1, 1)] });
    databases[0].exec('PRAGMA max_page_count = 14');
    for (let id = 2; id <= 200; id++) history.write({ alarms: [entry(id, id, { size: 1000 })] });
    history.write({ settings: new Map([['next', '7']]) });
    const { durable, reason, waiting } = history.status;
    expect([durable, reason]).toEqual([false, 'the disk is full']);
    expect(waiting).toBeGreaterThan(150);
    expect(lines).toEqual(['history: alarms and sessions cannot be stored and are kept in memory: the disk is full']);
    const all = Array.from({ length: 200 }, (_, k) => 200 - k);
    expect((await readAll(history, 30)).map(({ id }) => id)).toEqual(all);
    expect(parse(history.get('alarms', 200)!).id).toBe(200);
    history.tick(1000);
    expect(history.status.durable).toBe(false);
    databases[0].exec('PRAGMA max_page_count = 100000');
    history.tick(2000);
    expect(history.status).toEqual({ durable: true, waiting: 0 });
    expect(lines.slice(1)).toEqual(['history: alarms and sessions are stored again']);
    const again = new SqliteStore(path(), connect, log);
    expect(again.read('alarms', { since: 0, before: 1e6 }, 1000).map(({ id }) => id)).toEqual(all);
    expect(again.settings().get('next')).toBe('7');
    again.close();
  });

  test('by a lock of another process goes on without waiting, and recovers', () => {
    const { store } = connected();
    const history = historyOn(store);
    const other = connect(path());
    other.exec('BEGIN IMMEDIATE');
    history.write({ alarms: [entry(1, 1)] });
    expect(history.status).toEqual({ durable: false, waiting: 1, reason: 'another process has locked the file' });
    expect(() => new SqliteStore(path(), connect, log)).toThrow('another process has locked the file');
    other.exec('ROLLBACK');
    other.close();
    history.tick(0);
    expect(history.status).toEqual({ durable: true, waiting: 0 });
  });

  test.each(['at the start', 'in the middle'])(
    'because the file is damaged %s starts a new one and keeps it',
    async (where) => {
      const { store } = connected();
      for (let id = 1; id <= 500; id++) store.write({ alarms: [entry(id, id, { size: 300 })] });
      store.close();
      const bytes = readFileSync(path());
      const from = where === 'at the start' ? 0 : 4096;
      bytes.fill(0xaa, from, from + 40 * 4096);
      writeFileSync(path(), bytes);
      const history = historyOn(new SqliteStore(path(), connect, log));
      history.write({ alarms: [entry(501, 501)] });
      expect((await readAll(history, 100)).map(({ id }) => id)).toEqual([501]);
      expect(readFileSync(`${path()}.broken`).equals(bytes)).toBe(true);
      expect(history.replaced).toBe(1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(
        /history\.db is damaged \(.*\); it is kept as .*history\.db\.broken, and a new history is/,
      );
    },
  );

  test('because the package has no binary is in memory, with one line', async () => {
    const load = () => Promise.reject(new Error("Cannot find module '@libsql/x'\nRequire stack:"));
    const history = historyOn((await openHistory(directory, log, load)) as MemoryStore);
    history.write({ alarms: [entry(1, 1)] });
    expect(history.status).toEqual({ durable: false, waiting: 0, reason: 'kept in memory only' });
    expect((await readAll(history, 10)).map(({ id }) => id)).toEqual([1]);
    expect(lines).toEqual([
      "alarms and sessions are kept in memory only, because the package libsql cannot be loaded: Cannot find module '@libsql/x'",
    ]);
    expect(await readdir(directory)).toEqual([]);
  });

  test('in memory keeps at most 10,000 closed records, or 16 MiB, and every open one', () => {
    const store = new MemoryStore();
    store.write({ alarms: [entry(1, 1, { open: true })] });
    for (let id = 2; id <= 10_100; id++) store.write({ alarms: [entry(id, id)] });
    expect(store.read('alarms', { since: 0, before: 1e9 }, 1e6)).toHaveLength(10_001);
    expect(store.open('alarms').map(({ id }) => id)).toEqual([1]);
    for (let id = 20_000; id < 20_020; id++) store.write({ alarms: [entry(id, id, { size: 1 << 20 })] });
    expect(store.read('alarms', { since: 0, before: 1e9 }, 1e6)).toHaveLength(16);
  });
});
