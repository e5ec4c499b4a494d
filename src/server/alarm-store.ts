import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import type { AlarmCount, AlarmManagerState } from '../core/alarms/alarm-manager.ts';
import { alarmRecord } from '../protocol/alarm.ts';
import type { History, HistoryPage } from '../store/history.ts';
import type { Entry, Range } from '../store/history-table.ts';
import { readAlarms, type SavedAlarms } from './alarm-file.ts';
import type { ReportedRun } from './reported-frames.ts';

/** Number of closed alarms that are kept in memory after a restart. */
const recalled = 50;
/** Number of ids that can be assigned without being stored, as on a full disk; a server that was killed skips them. */
const reservedIds = 1000;
/** Beginning of the key of a `ReportedRun`. */
const reportedPrefix = 'reported ';

/** The alarms, and what belongs to them, in a history: one record per alarm, and one setting per other value. */
export class AlarmStore {
  readonly #history: History;
  readonly #log: (line: string) => void;
  /** The settings as they were written. */
  #written = new Map<string, string>();
  #replaced: number;

  constructor(history: History, log: (line: string) => void) {
    this.#history = history;
    this.#log = log;
    this.#replaced = history.replaced;
  }

  /**
   * Returns the open alarms, the newest closed ones, and the rest of the state; undefined if nothing is stored. Alarms of
   * an earlier version, in the file alarms.json of `directory`, are imported, and the file is renamed. If earlier alarms
   * are lost, the next id is derived from the clock, `now`, so that no id is used twice.
   *
   * @param directory undefined: nothing is imported
   */
  async load(directory: string | undefined, now: number): Promise<SavedAlarms | undefined> {
    if (directory !== undefined && this.#history.durable) await this.#import(join(directory, 'alarms.json'), now);
    const settings = this.#history.settings();
    const isLost = this.#history.replaced > 0 || (directory !== undefined && !this.#history.durable);
    if (settings.size === 0 && !isLost) return undefined;
    this.#written = new Map(settings);
    const parse = (json: string) => this.#parse(json);
    const open = this.#history.open('alarms').flatMap((json) => parse(json) ?? []);
    const known = new Set(open.map(({ id }) => id));
    const newest = this.#history.newest('alarms', recalled, parse).filter(({ id }) => !known.has(id));
    const { id } = this.#history.last('alarms');
    const { streams, ...book } = readSettings(settings, isLost ? Math.floor(now / 1000) : 1);
    const alarms = [...newest, ...open].sort((a, b) => b.id - a.id);
    return { version: 1, book: { ...book, next: Math.max(book.next, id + 1), alarms }, streams };
  }

  /** The highest `changed` of an alarm. */
  get lastChanged(): number {
    return this.#history.last('alarms').changed;
  }

  /** Returns whether the storage was replaced by an empty one since the last call. */
  get lost(): boolean {
    const lost = this.#history.replaced !== this.#replaced;
    this.#replaced = this.#history.replaced;
    if (lost) this.#written.clear();
    return lost;
  }

  /** Up to which frame the results of every detector were reported, as it is stored. */
  get reported(): Map<string, ReportedRun> {
    return new Map(named(this.#history.settings(), reportedPrefix, (stream, value) => [stream, value as ReportedRun]));
  }

  /** Stores alarms, counts of streams, and up to which frame the results of the detector were reported that changed them. */
  put(
    alarms: readonly AlarmRecord[],
    counts: readonly AlarmCount[] = [],
    reported?: ReportedRun & { readonly stream: string },
  ): void {
    const all = [...counts.map(countSetting), ...(reported ? [reportedSetting(reported.stream, reported)] : [])];
    const settings = this.#changed(new Map(all));
    if (alarms.length > 0 || settings.size > 0) this.#history.write({ alarms: alarms.map(entryOf), settings });
  }

  /** Stores the rest of the state: what has changed of it. With `last`, no ids are reserved. */
  putState({ next, maintenance, counts, dismissed }: Omit<AlarmManagerState, 'alarms'>, last = false): void {
    const state = new Map([
      ['next', `${last ? next : next + reservedIds}`],
      ...maintenance.map(({ streams, until }): [string, string] => [`maintenance ${streams}`, `${until}`]),
      ...counts.map(countSetting),
      ...dismissed.map((one): [string, string] => [`dismissed ${one.split('\0')[0]}`, JSON.stringify(one)]),
    ]);
    this.#replace((key) => key !== 'streams' && !key.startsWith(reportedPrefix), state);
  }

  /** Stores up to which frame the results of every detector were reported. */
  putReported(runs: ReadonlyMap<string, ReportedRun>): void {
    const reported = Array.from(runs, ([stream, run]) => reportedSetting(stream, run));
    this.#replace((key) => key.startsWith(reportedPrefix), new Map(reported));
  }

  /** Stores the activity of streams. */
  putStreams(streams: SavedAlarms['streams']): void {
    const settings = this.#changed(new Map([['streams', JSON.stringify(streams)]]));
    if (settings.size > 0) this.#history.write({ settings });
  }

  /** Returns a stored alarm. */
  get(id: number): AlarmRecord | undefined {
    const json = this.#history.get('alarms', id);
    return json === undefined ? undefined : this.#parse(json);
  }

  /** Returns the alarms of a range; see `History.page`. */
  page(
    range: Range,
    limit: number,
    live: readonly AlarmRecord[],
    known: Set<number>,
  ): Promise<HistoryPage<AlarmRecord>> {
    return this.#history.page('alarms', range, limit, (json) => this.#parse(json), live, known);
  }

  /** Returns the settings whose value is not written yet, which is assumed to be written now. */
  #changed(settings: ReadonlyMap<string, string>): Map<string, string> {
    const changed = [...settings].filter(([key, value]) => this.#written.get(key) !== value);
    for (const [key, value] of changed) this.#written.set(key, value);
    return new Map(changed);
  }

  /** Writes the settings of a kind that have changed, and deletes those that are gone. */
  #replace(isOfKind: (key: string) => boolean, present: ReadonlyMap<string, string>): void {
    const gone = [...this.#written.keys()].filter((key) => isOfKind(key) && !present.has(key));
    const settings: Map<string, string | undefined> = this.#changed(present);
    for (const key of gone) {
      settings.set(key, undefined);
      this.#written.delete(key);
    }
    if (settings.size > 0) this.#history.write({ settings });
  }

  async #import(path: string, now: number): Promise<void> {
    const saved = await readAlarms(path, now, this.#log);
    if (!saved) return;
    const isNew = ({ id }: AlarmRecord) => this.#history.get('alarms', id) === undefined;
    let last = this.lastChanged;
    for (const alarm of saved.book.alarms.toSorted((a, b) => a.changed - b.changed).filter(isNew)) {
      last = Math.max(alarm.changed, last + 1);
      this.put([{ ...alarm, changed: last }]);
    }
    this.putState(saved.book, true);
    this.putStreams(saved.streams);
    const { durable, reason } = this.#history.status;
    if (!durable) throw new Error(`alarms.json cannot be imported: ${reason}`);
    await rename(path, `${path}.imported`);
    this.#log(`imported ${saved.book.alarms.length} alarms; the file is kept as ${path}.imported`);
  }

  #parse(json: string): AlarmRecord | undefined {
    const { success, output, issues } = v.safeParse(v.pipe(v.string(), v.parseJson(), alarmRecord), json);
    if (success) return output;
    this.#log(`skipped a stored alarm: ${v.getDotPath(issues[0]) ?? 'a record'} must be ${issues[0].message}`);
    return undefined;
  }
}

function entryOf(alarm: AlarmRecord): Entry {
  const { id, changed, state, members } = alarm;
  const streams = [...new Set(members.map(({ stream }) => stream))];
  return { id, changed, open: state !== 'cleared', streams, json: JSON.stringify(alarm) };
}

function countSetting({ stream, alarms, falseAlarms }: AlarmCount): [string, string] {
  return [`count ${stream}`, JSON.stringify([alarms, falseAlarms])];
}

function reportedSetting(stream: string, { run, end, lag }: ReportedRun): [string, string] {
  return [`${reportedPrefix}${stream}`, JSON.stringify({ run, end, lag })];
}

/** Reads the settings whose key begins with a prefix. */
function named<T>(
  settings: ReadonlyMap<string, string>,
  prefix: string,
  read: (name: string, value: unknown) => T,
): T[] {
  return [...settings]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => read(key.slice(prefix.length), JSON.parse(value)));
}

/** @param first the first id if none is stored */
function readSettings(
  settings: ReadonlyMap<string, string>,
  first: number,
): Omit<AlarmManagerState, 'alarms'> & Pick<SavedAlarms, 'streams'> {
  return {
    next: Number(settings.get('next') ?? first),
    maintenance: named(settings, 'maintenance ', (streams, until) => ({ streams, until: until as number })),
    counts: named(settings, 'count ', (stream, value) => {
      const [alarms, falseAlarms] = value as number[];
      return { stream, alarms, falseAlarms };
    }),
    dismissed: named(settings, 'dismissed ', (_, value) => value as string),
    streams: JSON.parse(settings.get('streams') ?? '[]') as SavedAlarms['streams'],
  };
}
