import { join } from 'node:path';
import { Subject } from 'rxjs';
import { AlarmManager, type AlarmEvent } from '../core/alarms/alarm-manager.ts';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import { NoSamplesMonitor, type StreamActivity } from '../core/alarms/no-samples-monitor.ts';
import type { MaintenanceWindow } from '../core/alarms/suppression.ts';
import { AlarmReporter, type MonitoredStream } from '../core/alarms/alarm-reporter.ts';
import type { Detected } from '../core/detector/detector.ts';
import type { AlarmRequest } from '../protocol/alarm.ts';
import { maxTime } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { readAlarms, reservedIds, type SavedAlarms, writeAlarms } from './alarm-file.ts';
import { AlarmLog } from './alarm-log.ts';
import { AlarmTimestamps } from './alarm-timestamps.ts';
import type { ServerAlarms } from './server-alarms.ts';
import { SleepDetector, sleepText } from './sleep-detector.ts';
import { Webhook } from './webhook.ts';

/** Options of an alarm service. */
export interface AlarmServiceOptions {
  alarms: ServerAlarms;
  /** Directory in which alarms are saved. Default: not saved. */
  statePath?: string;
  log: (line: string) => void;
}

/** Maximum number of names and name patterns in maintenance at once. */
const maxMaintenance = 256;
/** Longest maintenance in ms. */
const maxMaintenanceDuration = 366 * 86_400_000;

/** A stream whose alarms are collected. */
interface CollectedStream {
  info: StreamInfo;
  /** Absolute index of the next frame. */
  next: number;
  /** Reports the results of its detector. Created again when the run, the rate, or the channels change. */
  reporter?: AlarmReporter;
}

/**
 * The alarms of all streams: collects the results of the detectors in their pipelines, detects stale streams, and sends
 * alarm events to viewers, the event log, and the webhook.
 */
export class AlarmService {
  /** Alarm events in order. */
  readonly events: Subject<AlarmEvent> = new Subject<AlarmEvent>();
  /** Emits when maintenance starts or ends. */
  readonly maintenanceChanged: Subject<void> = new Subject<void>();
  readonly #options: AlarmServiceOptions;
  readonly #manager: AlarmManager;
  readonly #noSamples = new NoSamplesMonitor();
  readonly #sleep = new SleepDetector(1000);
  readonly #timestamps = new AlarmTimestamps();
  readonly #streams = new Map<string, CollectedStream>();
  readonly #eventLog: AlarmLog | undefined;
  readonly #webhook: Webhook | undefined;
  #dirty = false;
  #shuttingDown = false;
  #writing: Promise<void> | undefined;

  private constructor(options: AlarmServiceOptions, log: AlarmLog | undefined) {
    const { alarms, log: report } = options;
    const { webhook } = alarms;
    this.#options = options;
    this.#manager = new AlarmManager(alarms);
    this.#eventLog = log;
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, report);
  }

  /** Opens the service with the saved alarms at `now` (ms). Rejects if the event log cannot be written. */
  static async open(options: AlarmServiceOptions, now: number): Promise<AlarmService> {
    const { alarms, statePath, log: report } = options;
    const { log = statePath && join(statePath, 'alarms.jsonl') } = alarms;
    const service = new AlarmService(options, log === undefined ? undefined : await AlarmLog.open(log, report));
    const path = service.#path;
    const saved = path === undefined ? undefined : await readAlarms(path, now, report);
    if (saved) {
      service.#manager.restore(saved.book);
      service.#timestamps.restore(saved.book.alarms);
      service.#noSamples.restore(saved.streams, now);
    }
    await service.#write();
    return service;
  }

  /** All alarms, newest first; `changed` is the time of the last event of each by the server's clock. */
  get alarms(): AlarmRecord[] {
    return this.#timestamps.stamped(this.#manager.alarms);
  }

  /** Returns a time that is later than every event so far. */
  time(now: number): number {
    return this.#timestamps.next(now);
  }

  get maintenance(): readonly MaintenanceWindow[] {
    return this.#manager.maintenance;
  }

  get counts(): ReturnType<AlarmManager['save']>['counts'] {
    return this.#manager.counts;
  }

  /** Starts to collect the alarms of a new or changed stream. */
  open(info: StreamInfo): void {
    const before = this.#streams.get(info.name);
    if (before && shapeOf(before.info) === shapeOf(info)) return;
    this.#streams.set(info.name, { info, next: info.next });
  }

  /** Records that the frames before frame `next` arrived at `now` (ms). */
  receive(name: string, next: number, now: number): void {
    const stream = this.#streams.get(name);
    if (!stream || stream.info.for !== undefined) return;
    stream.next = next;
    this.#noSamples.receive(name, now);
    this.#publish(this.#manager.end(name, 'silent', now), now);
  }

  /**
   * Collects the result of a detector for frames that arrived at `now` (ms).
   * @param every stream frames per detector frame
   * @param end absolute index of the next stream frame
   */
  collect(
    name: string,
    { detected, every, end }: { detected: Detected; every: number; end: number },
    now: number,
  ): void {
    const stream = this.#streams.get(name);
    if (!stream || stream.info.for !== undefined) return;
    const { rate } = stream.info;
    stream.reporter ??= new AlarmReporter(this.#manager, monitoredIn(stream.info, detected, every), every);
    const when = (index: number) => (rate > 0 ? Math.max(-maxTime, now - ((end - 1 - index) * 1000) / rate) : now);
    this.#publish(stream.reporter.report(detected, when), now);
  }

  /** The server closes all connections: a normal close from now on is not the sensor's own. */
  beginShutdown(): void {
    this.#shuttingDown = true;
  }

  /** A sensor closed its connection normally: its stream is not stale, and its alarms end. */
  normalClose(stream: string, now: number): void {
    if (this.#shuttingDown) return;
    this.#noSamples.remove(stream);
    this.#publish(this.#manager.removeStream(stream, now), now);
  }

  /** Removes a stream from the service. */
  remove(stream: string, now: number): void {
    this.normalClose(stream, now);
    this.#streams.delete(stream);
  }

  /**
   * Detects that the server was suspended or its clock was set: silence of that time is not that of the streams. Call it before
   * `receive` and `tick`, because what arrived during a suspension may be read before the next tick.
   * @param now ms since 1970
   * @param monotonic ms of a clock that is never set
   */
  observeClock(now: number, monotonic: number): void {
    const sleep = this.#sleep.observe(now, monotonic);
    if (!sleep) return;
    this.#noSamples.sleep(sleep.by, now);
    this.#options.log(sleepText(sleep));
  }

  /** Detects stale streams and applies timeouts; called once per second. */
  tick(now: number): void {
    for (const stale of this.#noSamples.staleStreams(now))
      this.#publish(this.#manager.report(stale.stream, 'silent', this.#staleEvidence(stale), now), now);
    const maintenance = this.#manager.maintenance.length;
    this.#publish(this.#manager.tick(now), now);
    if (this.#manager.maintenance.length !== maintenance) this.maintenanceChanged.next();
    if (this.#dirty) void this.#write();
    this.#eventLog?.flush();
  }

  /**
   * Performs an action on an alarm; returns false if there is no alarm with this id.
   * @throws ProtocolError 'bad-time' for an `until` in the past
   */
  control({ alarm, do: action, until = 0 }: AlarmRequest, now: number): boolean {
    if (action === 'shelve' && until <= now)
      throw new ProtocolError('bad-time', `until must be after ${now}, the current time, got ${until}`);
    const events = action === 'shelve' ? this.#manager.shelve(alarm, until, now) : this.#manager[action](alarm, now);
    this.#publish(events ?? [], now);
    return events !== undefined;
  }

  /**
   * Raises no new alarms of some streams for a while.
   * @throws ProtocolError 'bad-time' or 'too-much-maintenance' beyond a limit
   */
  setMaintenance({ streams, until }: MaintenanceWindow, now: number): void {
    if (until > now + maxMaintenanceDuration)
      throw new ProtocolError(
        'bad-time',
        `until must be at most 366 days after ${now}, the current time, got ${until}`,
      );
    const others = this.#manager.maintenance.filter((other) => other.streams !== streams);
    if (until > now && others.length >= maxMaintenance)
      throw new ProtocolError(
        'too-much-maintenance',
        `maintenance must have at most ${maxMaintenance} names at once, got ${others.length + 1}`,
      );
    this.#manager.setMaintenance({ streams, until }, now);
    this.#dirty = true;
    this.maintenanceChanged.next();
  }

  /** Saves the alarms. `last` is true for the last save before the service is closed. */
  save(last = false): Promise<void> {
    return this.#write(last);
  }

  /** Closes the event log and the webhook and waits for pending writes; later events are not sent. */
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

  /** Writes the alarms, one write at a time; reserves ids except on the `last` write. */
  async #write(last = false): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#dirty = false;
    const { next, ...book } = this.#manager.save();
    const saved: SavedAlarms = {
      version: 1,
      book: { ...book, alarms: this.alarms, next: last ? next : next + reservedIds },
      streams: this.#noSamples.save(),
    };
    this.#writing = (this.#writing ?? Promise.resolve()).then(() =>
      writeAlarms(path, saved).catch((error: unknown) => {
        this.#options.log(`could not save alarms: ${String(error)}`);
      }),
    );
    await this.#writing;
  }

  #staleEvidence({ stream, last, interval }: StreamActivity): Parameters<AlarmManager['report']>[2] {
    const { info, next = 0 } = this.#streams.get(stream) ?? {};
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

function shapeOf({ run, rate, channels, for: targetOf }: StreamInfo): string {
  return JSON.stringify([run, rate, channels, targetOf]);
}

/**
 * Returns the part of a stream that its detector monitors: the first channels. A digest has two channels per channel.
 */
function monitoredIn({ name, rate, run, channels }: StreamInfo, { shares }: Detected, every: number): MonitoredStream {
  const count = every > 1 ? shares.channels / 2 : shares.channels;
  return { name, rate, run, labels: channels.slice(0, count).map(({ label }) => label) };
}
