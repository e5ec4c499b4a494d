import { join } from 'node:path';
import { Subject } from 'rxjs';
import { AlarmBook, type AlarmEvent } from '../core/alarms/alarm-book.ts';
import type { AlarmRecord } from '../core/alarms/alarm-life.ts';
import { DeadMan, type Liveness } from '../core/alarms/dead-man.ts';
import type { Maintenance } from '../core/alarms/maintenance.ts';
import type { Block } from '../core/blocks/block.ts';
import type { AlarmControl } from '../protocol/alarm.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { readAlarms, reservedIds, type SavedAlarms, writeAlarms } from './alarm-file.ts';
import { AlarmLog } from './alarm-log.ts';
import { AlarmTimestamps } from './alarm-timestamps.ts';
import { DetectorStore } from './detector-store.ts';
import type { ServerAlarms } from './server-alarms.ts';
import { Detectors } from './detectors.ts';
import { Webhook } from './webhook.ts';

/** What a desk is given. */
export interface AlarmServiceOptions {
  alarms: ServerAlarms;
  statePath?: string;
  /** Streams whose detectors are remembered. Default: 1024. */
  maxDetectors?: number;
  log: (line: string) => void;
}

/** Savings of alarms between two of what detectors have learned, which are larger. */
const detectorsEvery = 10;

/** Names and beginnings of names that are in maintenance at once, and for how long at most, in ms. */
const mostMaintenance = 256;
const longestMaintenance = 366 * 86_400_000;

/** The alarms of all feeds: watches what they bring and whether they bring anything, and tells wire, log and webhook. */
export class AlarmService {
  /** What happened, in order. */
  readonly events: Subject<AlarmEvent> = new Subject<AlarmEvent>();
  /** Fires when maintenance began or ended. */
  readonly maintenanceChanged: Subject<void> = new Subject<void>();
  readonly #options: AlarmServiceOptions;
  readonly #book: AlarmBook;
  readonly #deadMan = new DeadMan();
  readonly #timestamps = new AlarmTimestamps();
  readonly #detectors: Detectors;
  readonly #eventLog: AlarmLog | undefined;
  readonly #webhook: Webhook | undefined;
  #saves = 0;
  #dirty = false;
  #shuttingDown = false;
  #writing: Promise<void> | undefined;

  private constructor(options: AlarmServiceOptions, store: DetectorStore, log: AlarmLog | undefined) {
    const { alarms, log: tell } = options;
    const { webhook } = alarms;
    this.#options = options;
    this.#book = new AlarmBook(alarms);
    this.#detectors = new Detectors(this.#book, alarms, store, tell);
    this.#eventLog = log;
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, tell);
  }

  /** Opens the desk with the alarms of before, at `now` (ms). Rejects with a sentence when the log cannot be written. */
  static async open(options: AlarmServiceOptions, now: number): Promise<AlarmService> {
    const { alarms, statePath, maxDetectors: mostDetectors = 1024, log: tell } = options;
    const store = await DetectorStore.open(statePath, mostDetectors, tell);
    const { log = statePath && join(statePath, 'alarms.jsonl') } = alarms;
    const desk = new AlarmService(options, store, log === undefined ? undefined : await AlarmLog.open(log, tell));
    const path = desk.#path;
    const saved = path === undefined ? undefined : await readAlarms(path, now, tell);
    if (saved) {
      desk.#book.restore(saved.book);
      desk.#timestamps.restore(saved.book.alarms);
      desk.#deadMan.restore(saved.streams, now);
    }
    await desk.#write();
    return desk;
  }

  /** Every alarm, the newest first; `changed` is when something last happened to it, by the server's clock. */
  get alarms(): AlarmRecord[] {
    return this.#timestamps.stamped(this.#book.alarms);
  }

  /** The time, later than that of all that has happened. */
  time(now: number): number {
    return this.#timestamps.next(now);
  }

  get maintenance(): readonly Maintenance[] {
    return this.#book.maintenance;
  }

  get counts(): ReturnType<AlarmBook['save']>['counts'] {
    return this.#book.counts;
  }

  /** What of a stream raises no alarms, and why; undefined: all does. */
  unwatched(stream: string): string | undefined {
    return this.#detectors.get(stream)?.unwatched;
  }

  /** A stream is there, or is another than it was. What was learned of one of this shape goes on. */
  open(info: StreamInfo): void {
    this.#detectors.open(info);
  }

  /** Frames came. */
  push(stream: string, block: Block, now: number): void {
    const watched = this.#detectors.get(stream);
    if (!watched || watched.info.for !== undefined) return;
    this.#deadMan.heard(stream, now);
    this.#publish(this.#book.end(stream, 'silent', now), now);
    this.#publish(this.#detectors.push(stream, block, now), now);
  }

  /** The server hangs up: goodbyes from now on are not the sensors' own. */
  beginShutdown(): void {
    this.#shuttingDown = true;
  }

  /** A sensor has said goodbye: its silence is no alarm, and whatever was wrong with it is over. */
  normalClose(stream: string, now: number): void {
    if (this.#shuttingDown) return;
    this.#deadMan.left(stream);
    this.#publish(this.#book.forget(stream, now), now);
  }

  /** A stream makes room for another. */
  remove(stream: string, now: number): void {
    this.normalClose(stream, now);
    this.#detectors.remove(stream);
  }

  /** Once a second. */
  tick(now: number): void {
    for (const silent of this.#deadMan.silent(now))
      this.#publish(this.#book.alarm(silent.stream, 'silent', this.#staleEvidence(silent), now), now);
    const maintenance = this.#book.maintenance.length;
    this.#publish(this.#book.tick(now), now);
    if (this.#book.maintenance.length !== maintenance) this.maintenanceChanged.next();
    if (this.#dirty) void this.#write();
    this.#eventLog?.flush();
  }

  /** Does what somebody wants with an alarm; false: there is none of this id. Throws a ProtocolError on an `until` that is past. */
  control({ alarm, do: deed, until = 0 }: AlarmControl, now: number): boolean {
    if (deed === 'shelve' && until <= now)
      throw new ProtocolError('bad-time', `until must be a time to come, after ${now}, got ${until}`);
    const events = deed === 'shelve' ? this.#book.shelve(alarm, until, now) : this.#book[deed](alarm, now);
    this.#publish(events ?? [], now);
    return events !== undefined;
  }

  /** Nothing new is told of some streams for a while; throws a ProtocolError where that is too long, or one too many. */
  setMaintenance({ streams, until }: Maintenance, now: number): void {
    if (until > now + longestMaintenance)
      throw new ProtocolError('bad-time', `until must be at most 366 days from now, ${now}, got ${until}`);
    const others = this.#book.maintenance.filter((other) => other.streams !== streams);
    if (until > now && others.length >= mostMaintenance)
      throw new ProtocolError(
        'too-much-maintenance',
        `maintenance must be of at most ${mostMaintenance} names at once, got one more`,
      );
    this.#book.maintain({ streams, until }, now);
    this.#dirty = true;
    this.maintenanceChanged.next();
  }

  /** Writes down the alarms, and now and then, or with `all`, what detectors have learned. */
  async save(all = false): Promise<void> {
    await this.#write(all);
    if (!all && ++this.#saves % detectorsEvery !== 0) return;
    await this.#detectors.save();
  }

  /** Ends log and webhook, and waits for what is being written; what happens from now on is told nobody. */
  async close(): Promise<void> {
    this.events.complete();
    this.#webhook?.close();
    await this.#eventLog?.close();
    await this.#writing;
  }

  get #path(): string | undefined {
    const { statePath } = this.#options;
    return statePath === undefined ? undefined : join(statePath, 'alarms.json');
  }

  /** Writes the alarms, one writing after the other; but for the `last` time with ids in reserve. */
  async #write(last = false): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#dirty = false;
    const { next, ...book } = this.#book.save();
    const saved: SavedAlarms = {
      version: 1,
      book: { ...book, alarms: this.alarms, next: last ? next : next + reservedIds },
      streams: this.#deadMan.save(),
    };
    this.#writing = (this.#writing ?? Promise.resolve()).then(() =>
      writeAlarms(path, saved).catch((error: unknown) => {
        this.#options.log(`alarms could not be saved: ${String(error)}`);
      }),
    );
    await this.#writing;
  }

  #staleEvidence({ stream, last, interval }: Liveness): Parameters<AlarmBook['alarm']>[2] {
    const { info, next = 0 } = this.#detectors.get(stream) ?? {};
    const channels = info?.channels.slice(0, 8).map(({ label }) => ({ label, share: 1 / info.channels.length })) ?? [];
    const window = { run: info?.run ?? 0, from: next, to: next };
    return { cause: 'silent', score: 0, rate: info?.rate ?? 0, channels, since: last, by: last + interval, window };
  }

  #publish(events: readonly AlarmEvent[], now: number): void {
    for (const { step, time, alarm } of events) {
      const event = { step, time, alarm: this.#timestamps.stamp(alarm, now) };
      this.#dirty = true;
      this.#eventLog?.write(event);
      this.#webhook?.push(event);
      this.events.next(event);
    }
  }
}
