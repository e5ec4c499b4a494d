import { join } from 'node:path';
import { Subject } from 'rxjs';
import { AlarmManager, type AlarmEvent } from '../core/alarms/alarm-manager.ts';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import { NoSamplesMonitor, type StreamActivity } from '../core/alarms/no-samples-monitor.ts';
import type { MaintenanceWindow } from '../core/alarms/suppression.ts';
import type { Block } from '../core/blocks/block.ts';
import type { AlarmControl } from '../protocol/alarm.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { readAlarms, reserve, type SavedAlarms, writeAlarms } from './alarm-file.ts';
import { AlarmLog } from './alarm-log.ts';
import { AlarmStamps } from './alarm-stamps.ts';
import { DetectorStore } from './detector-store.ts';
import type { ServerAlarms } from './server-alarms.ts';
import { Watches } from './watches.ts';
import { Webhook } from './webhook.ts';

/** What a desk is given. */
export interface DeskOptions {
  alarms: ServerAlarms;
  statePath?: string;
  /** Streams whose detectors are remembered. Default: 1024. */
  mostDetectors?: number;
  tell: (line: string) => void;
}

/** Savings of alarms between two of what detectors have learned, which are larger. */
const detectorsEvery = 10;

/** Names and beginnings of names that are in maintenance at once, and for how long at most, in ms. */
const mostMaintenance = 256;
const longestMaintenance = 366 * 86_400_000;

/** The alarms of all feeds: watches what they bring and whether they bring anything, and tells wire, log and webhook. */
export class AlarmDesk {
  /** What happened, in order. */
  readonly events: Subject<AlarmEvent> = new Subject<AlarmEvent>();
  /** Fires when maintenance began or ended. */
  readonly maintained: Subject<void> = new Subject<void>();
  readonly #options: DeskOptions;
  readonly #book: AlarmManager;
  readonly #deadMan = new NoSamplesMonitor();
  readonly #stamps = new AlarmStamps();
  readonly #watches: Watches;
  readonly #log: AlarmLog | undefined;
  readonly #webhook: Webhook | undefined;
  #savings = 0;
  #dirty = false;
  #frozen = false;
  #writing: Promise<void> | undefined;

  private constructor(options: DeskOptions, store: DetectorStore, log: AlarmLog | undefined) {
    const { alarms, tell } = options;
    const { webhook } = alarms;
    this.#options = options;
    this.#book = new AlarmManager(alarms);
    this.#watches = new Watches(this.#book, alarms, store, tell);
    this.#log = log;
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, tell);
  }

  /** Opens the desk with the alarms of before, at `now` (ms). Rejects with a sentence when the log cannot be written. */
  static async open(options: DeskOptions, now: number): Promise<AlarmDesk> {
    const { alarms, statePath, mostDetectors = 1024, tell } = options;
    const store = await DetectorStore.open(statePath, mostDetectors, tell);
    const { log = statePath && join(statePath, 'alarms.jsonl') } = alarms;
    const desk = new AlarmDesk(options, store, log === undefined ? undefined : await AlarmLog.open(log, tell));
    const path = desk.#path;
    const saved = path === undefined ? undefined : await readAlarms(path, now, tell);
    if (saved) {
      desk.#book.restore(saved.book);
      desk.#stamps.restore(saved.book.alarms);
      desk.#deadMan.restore(saved.streams, now);
    }
    await desk.#write();
    return desk;
  }

  /** Every alarm, the newest first; `changed` is when something last happened to it, by the server's clock. */
  get alarms(): AlarmRecord[] {
    return this.#stamps.stamped(this.#book.alarms);
  }

  /** The time, later than that of all that has happened. */
  time(now: number): number {
    return this.#stamps.next(now);
  }

  get maintenance(): readonly MaintenanceWindow[] {
    return this.#book.maintenance;
  }

  get counts(): ReturnType<AlarmManager['save']>['counts'] {
    return this.#book.counts;
  }

  /** What of a stream raises no alarms, and why; undefined: all does. */
  unwatched(stream: string): string | undefined {
    return this.#watches.get(stream)?.why;
  }

  /** A stream is there, or is another than it was. What was learned of one of this shape goes on. */
  open(info: StreamInfo): void {
    this.#watches.open(info);
  }

  /** Frames came. */
  take(stream: string, block: Block, now: number): void {
    const watched = this.#watches.get(stream);
    if (!watched || watched.info.for !== undefined) return;
    this.#deadMan.receive(stream, now);
    this.#tell(this.#book.end(stream, 'silent', now), now);
    this.#tell(this.#watches.push(stream, block, now), now);
  }

  /** The server hangs up: goodbyes from now on are not the sensors' own. */
  freeze(): void {
    this.#frozen = true;
  }

  /** A sensor has said goodbye: its silence is no alarm, and whatever was wrong with it is over. */
  goodbye(stream: string, now: number): void {
    if (this.#frozen) return;
    this.#deadMan.remove(stream);
    this.#tell(this.#book.removeStream(stream, now), now);
  }

  /** A stream makes room for another. */
  forget(stream: string, now: number): void {
    this.goodbye(stream, now);
    this.#watches.forget(stream);
  }

  /** Once a second. */
  tick(now: number): void {
    for (const silent of this.#deadMan.staleStreams(now))
      this.#tell(this.#book.report(silent.stream, 'silent', this.#silence(silent), now), now);
    const maintenance = this.#book.maintenance.length;
    this.#tell(this.#book.tick(now), now);
    if (this.#book.maintenance.length !== maintenance) this.maintained.next();
    if (this.#dirty) void this.#write();
    this.#log?.flush();
  }

  /** Does what somebody wants with an alarm; false: there is none of this id. Throws a ProtocolError on an `until` that is past. */
  control({ alarm, do: deed, until = 0 }: AlarmControl, now: number): boolean {
    if (deed === 'shelve' && until <= now)
      throw new ProtocolError('bad-time', `until must be a time to come, after ${now}, got ${until}`);
    const events = deed === 'shelve' ? this.#book.shelve(alarm, until, now) : this.#book[deed](alarm, now);
    this.#tell(events ?? [], now);
    return events !== undefined;
  }

  /** Nothing new is told of some streams for a while; throws a ProtocolError where that is too long, or one too many. */
  maintain({ streams, until }: MaintenanceWindow, now: number): void {
    if (until > now + longestMaintenance)
      throw new ProtocolError('bad-time', `until must be at most 366 days from now, ${now}, got ${until}`);
    const others = this.#book.maintenance.filter((other) => other.streams !== streams);
    if (until > now && others.length >= mostMaintenance)
      throw new ProtocolError(
        'too-much-maintenance',
        `maintenance must be of at most ${mostMaintenance} names at once, got one more`,
      );
    this.#book.setMaintenance({ streams, until }, now);
    this.#dirty = true;
    this.maintained.next();
  }

  /** Writes down the alarms, and now and then, or with `all`, what detectors have learned. */
  async save(all = false): Promise<void> {
    await this.#write(all);
    if (!all && ++this.#savings % detectorsEvery !== 0) return;
    await this.#watches.save();
  }

  /** Ends log and webhook, and waits for what is being written; what happens from now on is told nobody. */
  async close(): Promise<void> {
    this.events.complete();
    this.#webhook?.close();
    await this.#log?.close();
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
      book: { ...book, alarms: this.alarms, next: last ? next : next + reserve },
      streams: this.#deadMan.save(),
    };
    this.#writing = (this.#writing ?? Promise.resolve()).then(() =>
      writeAlarms(path, saved).catch((error: unknown) => {
        this.#options.tell(`alarms could not be saved: ${String(error)}`);
      }),
    );
    await this.#writing;
  }

  #silence({ stream, last, interval }: StreamActivity): Parameters<AlarmManager['report']>[2] {
    const { info, next = 0 } = this.#watches.get(stream) ?? {};
    const channels = info?.channels.slice(0, 8).map(({ label }) => ({ label, share: 1 / info.channels.length })) ?? [];
    const window = { run: info?.run ?? 0, from: next, to: next };
    return { cause: 'silent', score: 0, rate: info?.rate ?? 0, channels, since: last, by: last + interval, window };
  }

  #tell(events: readonly AlarmEvent[], now: number): void {
    for (const { step, time, alarm } of events) {
      const event = { step, time, alarm: this.#stamps.stamp(alarm, now) };
      this.#dirty = true;
      this.#log?.write(event);
      this.#webhook?.push(event);
      this.events.next(event);
    }
  }
}
