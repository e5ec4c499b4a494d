import { join } from 'node:path';
import { Subject } from 'rxjs';
import { frameCount, timeOf } from '../core/blocks/block.ts';
import { AlarmManager, type AlarmEvent } from '../core/alarms/alarm-manager.ts';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import type { Finding } from '../core/alarms/finding.ts';
import { NoSamplesMonitor } from '../core/alarms/no-samples-monitor.ts';
import { matchesStreams, type MaintenanceWindow } from '../core/alarms/suppression.ts';
import { AlarmReporter, type MonitoredStream } from '../core/alarms/alarm-reporter.ts';
import type { Detected } from '../core/detector/detector.ts';
import type { AlarmRequest } from '../protocol/alarm.ts';
import { maxTime } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { RecordingHealth } from '../protocol/watch-message.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { AlarmLog } from './alarm-log.ts';
import { AlarmStore } from './alarm-store.ts';
import { AlarmTimestamps } from './alarm-timestamps.ts';
import { ReportedFrames } from './reported-frames.ts';
import { type History, type HistoryPage, pageOf } from '../store/history.ts';
import type { Range } from '../store/history-table.ts';
import type { ServerAlarms } from './server-alarms.ts';
import { SleepDetector, sleepText } from './sleep-detector.ts';
import { Webhook } from './webhook.ts';

/** Options of an alarm service. */
export interface AlarmServiceOptions {
  alarms: ServerAlarms;
  /** Where alarms are stored. */
  history: History;
  /** Directory of the event log, and of the alarms of earlier versions. Default: none. */
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
  /** Whether its recorded frames are being processed again. */
  isReplayed: boolean;
  /** Absolute index of the next frame. */
  next: number;
  /** Absolute index of the first frame whose result has not been reported; undefined before the first result. */
  from?: number;
  /** Reports the results of its detector. Created again when the run, the rate, or the channels change. */
  reporter?: AlarmReporter;
}

/**
 * The alarms of all streams: collects the results of the detectors in their pipelines, detects stale streams and streams that
 * cannot be recorded, and sends alarm events to viewers, the event log, and the webhook.
 */
export class AlarmService {
  /** Alarm events in order. */
  readonly events: Subject<AlarmEvent> = new Subject<AlarmEvent>();
  /** Emits when maintenance starts or ends. */
  readonly maintenanceChanged: Subject<void> = new Subject<void>();
  readonly #manager: AlarmManager;
  readonly #store: AlarmStore;
  readonly #noSamples = new NoSamplesMonitor();
  readonly #sleep = new SleepDetector(1000);
  readonly #timestamps = new AlarmTimestamps();
  readonly #streams = new Map<string, CollectedStream>();
  readonly #reported = new ReportedFrames();
  readonly #eventLog: AlarmLog | undefined;
  readonly #webhook: Webhook | undefined;
  readonly #log: (line: string) => void;
  #dirty = false;
  #shuttingDown = false;

  private constructor(options: AlarmServiceOptions, log: AlarmLog | undefined) {
    const { alarms, log: report } = options;
    const { webhook } = alarms;
    this.#manager = new AlarmManager(alarms);
    this.#store = new AlarmStore(options.history, report);
    this.#eventLog = log;
    this.#log = report;
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, report);
  }

  /** Opens the service with the saved alarms at `now` (ms). Rejects if the event log cannot be written. */
  static async open(options: AlarmServiceOptions, now: number): Promise<AlarmService> {
    const { alarms, statePath, log: report } = options;
    const { log = statePath && join(statePath, 'alarms.jsonl') } = alarms;
    const service = new AlarmService(options, log === undefined ? undefined : await AlarmLog.open(log, report));
    const saved = await service.#store.load(statePath, now);
    if (saved) {
      service.#manager.restore(saved.book);
      for (const alarm of saved.book.alarms) service.#timestamps.keep(alarm);
      service.#timestamps.next(service.#store.lastChanged);
      service.#noSamples.restore(saved.streams, now);
      service.#reported.restore(service.#store.reported);
    }
    service.#saveState();
    return service;
  }

  /** All open alarms and the newest closed ones, newest first; `changed` is the time of the last event of each by the server's clock. */
  get alarms(): AlarmRecord[] {
    return this.#timestamps.stamped(this.#manager.alarms);
  }

  /** Returns the alarms of a range out of the whole history, the most recently changed first. */
  async page(range: Range, limit: number, openOnly: boolean): Promise<HistoryPage<AlarmRecord>> {
    const { since, before, stream } = range;
    const all = this.#manager.records.map((alarm) => ({ ...alarm, changed: this.#timestamps.of(alarm) }));
    const asked = all.filter(({ changed, state, members }) => {
      const isIn = changed >= since && changed < before && (!openOnly || state !== 'cleared');
      return isIn && (stream === undefined || members.some((member) => matchesStreams(stream, member.stream)));
    });
    const newest = asked.sort((a, b) => b.changed - a.changed).slice(0, limit + 1);
    const live = newest.map((alarm) => structuredClone(alarm));
    if (openOnly) return pageOf(live, limit);
    return this.#store.page(range, limit, live, new Set(all.map(({ id }) => id)));
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

  /**
   * Starts to collect the alarms of a new or changed stream. Unless its recorded frames are processed again (`isReplayed`), a
   * run at its first frame is a new one, also if it has the number of an earlier one.
   */
  open(info: StreamInfo, isReplayed = false): void {
    const { name, next } = info;
    const before = this.#streams.get(name);
    if (before && before.isReplayed === isReplayed && shapeOf(before.info) === shapeOf(info)) return;
    if (next === 0 && !isReplayed) this.#reported.delete(name);
    this.#streams.set(name, { info, isReplayed, next });
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
   * Collects the result of a detector for frames that arrived at `now` (ms). Frames whose results were collected before the
   * server was killed are ignored.
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
    const { rate, run } = stream.info;
    const { info, isReplayed } = stream;
    const from = (stream.from ??= this.#reported.next(name, run, isReplayed));
    if (end <= from) return;
    stream.reporter ??= new AlarmReporter(this.#manager, { ...monitoredIn(info, detected, every), from }, every);
    const lag = isReplayed ? this.#reported.lag(name) : now - timeOfLast(detected);
    this.#reported.advance(name, { run, end, lag });
    const when = (index: number) => (rate > 0 ? Math.max(-maxTime, now - ((end - 1 - index) * 1000) / rate) : now);
    this.#publish(stream.reporter.report(detected, when), now, name);
  }

  /** Collects the result of a detector for recorded frames that are processed again at `now` (ms). */
  collectReplayed(name: string, output: { detected: Detected; every: number; end: number }, now: number): void {
    const arrived = timeOfLast(output.detected) + this.#reported.lag(name);
    this.collect(name, output, Math.min(arrived, now));
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
    this.#reported.delete(stream);
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
    this.#log(sleepText(sleep));
  }

  /**
   * Reports that streams cannot be recorded, or that they can again; called once per second.
   * @param streams names of the streams that are live and must be recorded
   * @param problem why nothing can be recorded; undefined if all is well
   * @param since when the problem was first noticed, in ms
   */
  observeRecording(
    streams: Iterable<string>,
    { problem, since }: Pick<RecordingHealth, 'problem' | 'since'>,
    now: number,
  ): void {
    if (problem !== undefined) {
      for (const stream of streams) {
        const finding = this.#findingOf(stream, 'unrecorded', since ?? now, since ?? now);
        this.#publish(this.#manager.report(stream, 'unrecorded', { ...finding, reason: problem }, now), now);
      }
      return;
    }
    // also of streams that have ended, or were reported before a restart
    const open = this.#manager.records.filter(({ kind, state }) => kind === 'unrecorded' && state !== 'cleared');
    const reported = open.flatMap(({ members }) => members.map(({ stream }) => stream));
    for (const stream of new Set([...this.#streams.keys(), ...reported]))
      this.#publish(this.#manager.end(stream, 'unrecorded', now), now);
  }

  /** Detects stale streams and applies timeouts; called once per second. */
  tick(now: number): void {
    for (const { stream, last, interval } of this.#noSamples.staleStreams(now)) {
      const finding = this.#findingOf(stream, 'silent', last, last + interval);
      this.#publish(this.#manager.report(stream, 'silent', finding, now), now);
    }
    const maintenance = this.#manager.maintenance.length;
    this.#publish(this.#manager.tick(now), now);
    if (this.#manager.maintenance.length !== maintenance) this.maintenanceChanged.next();
    if (this.#store.lost) this.#storeAll();
    if (this.#dirty) this.#saveState();
    this.#eventLog?.flush();
  }

  /**
   * Performs an action on an alarm; returns false if there is no alarm with this id.
   * @throws ProtocolError 'bad-time' for an `until` in the past
   */
  control({ alarm, do: action, until = 0 }: AlarmRequest, now: number): boolean {
    if (action === 'shelve' && until <= now)
      throw new ProtocolError('bad-time', `until must be after ${now}, the current time, got ${until}`);
    this.#recall(alarm);
    const events = action === 'shelve' ? this.#manager.shelve(alarm, until, now) : this.#manager[action](alarm, now);
    this.#publish(events ?? [], now);
    this.#saveState();
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
    this.#saveState();
    this.maintenanceChanged.next();
  }

  /**
   * Stores what changed without an event: the progress of open alarms, and the activity of streams. `last` is true for the
   * last save before the service is closed.
   */
  save(last = false): void {
    this.#store.put(this.#stamped(({ state }) => state !== 'cleared'));
    this.#store.putStreams(this.#noSamples.save());
    this.#store.putReported(this.#reported.runs);
    this.#saveState(last);
  }

  /** Closes the event log and the webhook and waits for pending writes; later events are not sent. */
  async close(): Promise<void> {
    this.events.complete();
    this.#webhook?.close();
    await this.#eventLog?.close();
  }

  #saveState(last = false): void {
    this.#dirty = false;
    this.#store.putState(this.#manager.saveRest(), last);
  }

  /** Stores everything that is in memory, after the storage was replaced by an empty one. */
  #storeAll(): void {
    this.#store.put(this.#stamped(() => true));
    this.#store.putStreams(this.#noSamples.save());
    this.#store.putReported(this.#reported.runs);
    this.#dirty = true;
  }

  #stamped(isMeant: (alarm: Readonly<AlarmRecord>) => boolean): AlarmRecord[] {
    const meant = this.#manager.records.filter(isMeant);
    return meant.map((alarm) => ({ ...alarm, changed: this.#timestamps.of(alarm) }));
  }

  /** Reads a closed alarm that is no longer in memory. */
  #recall(id: number): void {
    const stored = this.#manager.has(id) ? undefined : this.#store.get(id);
    if (!stored) return;
    this.#manager.recall(stored);
    this.#timestamps.keep(stored);
  }

  /** A finding about a whole stream, which began between `since` and `by`. */
  #findingOf(stream: string, cause: 'silent' | 'unrecorded', since: number, by: number): Finding {
    const { info, next = 0 } = this.#streams.get(stream) ?? {};
    const channels = info?.channels.slice(0, 8).map(({ label }) => ({ label, share: 1 / info.channels.length })) ?? [];
    const window = { run: info?.run ?? 0, from: next, to: next };
    return { cause, score: 0, rate: info?.rate ?? 0, channels, since, by, window };
  }

  /**
   * Stores events, and then sends them, so that what was sent survives a kill.
   * @param collected name of the stream whose results have caused them
   */
  #publish(events: readonly AlarmEvent[], now: number, collected?: string): void {
    if (events.length === 0) return;
    const stamped = events.map((event) => ({ ...event, alarm: this.#timestamps.stamp(event.alarm, now) }));
    const counted = stamped.filter(({ step }) => step === 'raised' || step === 'joined' || step === 'falseAlarm');
    const names = new Set(counted.flatMap(({ alarm }) => alarm.members.map(({ stream }) => stream)));
    const counts = [...names].flatMap((name) => this.#manager.count(name) ?? []);
    this.#store.put(
      stamped.map(({ alarm }) => alarm),
      counts,
      collected === undefined ? undefined : { stream: collected, ...this.#reported.runs.get(collected)! },
    );
    this.#dirty = true;
    for (const event of stamped) {
      this.#eventLog?.write(event);
      this.#webhook?.push(event);
      this.events.next(event);
    }
  }
}

function shapeOf({ run, rate, channels, for: targetOf }: StreamInfo): string {
  return JSON.stringify([run, rate, channels, targetOf]);
}

/** Time of the last frame of a result, in ms since 1970. */
function timeOfLast({ score }: Detected): number {
  return timeOf(score, score.start + frameCount(score) - 1);
}

/**
 * Returns the part of a stream that its detector monitors: the first channels. A digest has two channels per channel.
 */
function monitoredIn({ name, rate, run, channels }: StreamInfo, { shares }: Detected, every: number): MonitoredStream {
  const count = every > 1 ? shares.channels / 2 : shares.channels;
  return { name, rate, run, labels: channels.slice(0, count).map(({ label }) => label) };
}
