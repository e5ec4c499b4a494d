import { join } from 'node:path';
import { Subject } from 'rxjs';
import { AlarmBook, type AlarmEvent } from '../core/alarms/alarm-book.ts';
import type { AlarmRecord } from '../core/alarms/alarm-life.ts';
import { DeadMan, type Liveness } from '../core/alarms/dead-man.ts';
import type { Maintenance } from '../core/alarms/maintenance.ts';
import { frameCount, type Block } from '../core/block.ts';
import type { AlarmControl } from '../protocol/alarm.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { readAlarms, writeAlarms } from './alarm-file.ts';
import { AlarmLog } from './alarm-log.ts';
import { DetectorStore } from './detector-store.ts';
import { FeedWatch } from './feed-watch.ts';
import type { ServerAlarms } from './server-alarms.ts';
import { WatchBudget } from './watch-budget.ts';
import { Webhook } from './webhook.ts';

/** What a desk is given. */
export interface DeskOptions {
  alarms: ServerAlarms;
  statePath?: string;
  tell: (line: string) => void;
}

/** Savings of alarms between two of what detectors have learned, which are larger. */
const detectorsEvery = 10;

/** The alarms of all feeds: watches what they bring and whether they bring anything, and tells wire, log and webhook. */
export class AlarmDesk {
  /** What happened, in order. */
  readonly events: Subject<AlarmEvent> = new Subject<AlarmEvent>();
  /** Fires when maintenance began or ended. */
  readonly maintained: Subject<void> = new Subject<void>();
  readonly #options: DeskOptions;
  readonly #book: AlarmBook;
  readonly #deadMan = new DeadMan();
  readonly #budget = new WatchBudget();
  readonly #store: DetectorStore;
  readonly #log: AlarmLog | undefined;
  readonly #webhook: Webhook | undefined;
  readonly #watches = new Map<string, { info: StreamInfo; next: number; watch?: FeedWatch; why?: string }>();
  #savings = 0;
  #dirty = false;
  #frozen = false;
  #writing: Promise<void> | undefined;

  private constructor(options: DeskOptions) {
    const { alarms, statePath, tell } = options;
    const { log = statePath && join(statePath, 'alarms.jsonl'), webhook } = alarms;
    this.#options = options;
    this.#book = new AlarmBook(alarms);
    this.#store = new DetectorStore(statePath, tell);
    this.#log = log === undefined ? undefined : new AlarmLog(log, tell);
    this.#webhook = webhook === undefined ? undefined : new Webhook(webhook, tell);
  }

  /** Opens the desk with the alarms of before, at `now` (ms). */
  static async open(options: DeskOptions, now: number): Promise<AlarmDesk> {
    const desk = new AlarmDesk(options);
    const path = desk.#path;
    const saved = path === undefined ? undefined : await readAlarms(path, options.tell);
    if (saved) {
      desk.#book.restore(saved.book);
      desk.#deadMan.restore(saved.streams, now);
    }
    return desk;
  }

  get alarms(): AlarmRecord[] {
    return this.#book.alarms;
  }

  get maintenance(): readonly Maintenance[] {
    return this.#book.maintenance;
  }

  get counts(): ReturnType<AlarmBook['save']>['counts'] {
    return this.#book.counts;
  }

  /** What of a stream raises no alarms, and why; undefined: all does. */
  unwatched(stream: string): string | undefined {
    return this.#watches.get(stream)?.why;
  }

  /** A stream is there, or is another than it was. What was learned of one of this shape goes on. */
  open(info: StreamInfo): void {
    const { name } = info;
    const before = this.#watches.get(name);
    if (before && shapeOf(before.info) === shapeOf(info)) return;
    const { channels, why } = this.#budget.take(info);
    const watch = channels > 0 ? this.#begin(info, channels, before?.watch) : undefined;
    this.#watches.set(name, { info, next: info.next, watch, why });
  }

  /** Frames came. */
  take(stream: string, block: Block, now: number): void {
    const watched = this.#watches.get(stream);
    if (!watched || watched.info.for !== undefined) return;
    this.#deadMan.heard(stream, now);
    watched.next = block.start + frameCount(block);
    this.#tell(this.#book.end(stream, 'silent', now));
    this.#guard(stream, () => {
      this.#tell(watched.watch?.push(block, now) ?? []);
    });
  }

  /** The server hangs up: goodbyes from now on are not the sensors' own. */
  freeze(): void {
    this.#frozen = true;
  }

  /** A sensor has said goodbye: its silence is no alarm. */
  goodbye(stream: string, now: number): void {
    if (this.#frozen) return;
    this.#deadMan.left(stream);
    this.#tell(this.#book.end(stream, 'silent', now));
  }

  /** A stream makes room for another. */
  forget(stream: string, now: number): void {
    this.#deadMan.left(stream);
    this.#tell(this.#book.forget(stream, now));
    void this.#saveDetector(stream);
    this.#watches.delete(stream);
    this.#budget.leave(stream);
  }

  /** Once a second. */
  tick(now: number): void {
    for (const silent of this.#deadMan.silent(now))
      this.#tell(this.#book.alarm(silent.stream, 'silent', this.#silence(silent), now));
    const maintenance = this.#book.maintenance.length;
    this.#tell(this.#book.tick(now));
    if (this.#book.maintenance.length !== maintenance) this.maintained.next();
    if (this.#dirty) void this.#write();
  }

  /** Does what somebody wants with an alarm; false: there is none of this id. */
  control({ alarm, do: deed, until = 0 }: AlarmControl, now: number): boolean {
    const events = deed === 'shelve' ? this.#book.shelve(alarm, until, now) : this.#book[deed](alarm, now);
    this.#tell(events ?? []);
    return events !== undefined;
  }

  maintain(one: Maintenance, now: number): void {
    this.#book.maintain(one, now);
    this.#dirty = true;
    this.maintained.next();
  }

  /** Writes down the alarms, and now and then, or with `all`, what detectors have learned. */
  async save(all = false): Promise<void> {
    await this.#write();
    if (!all && ++this.#savings % detectorsEvery !== 0) return;
    for (const name of [...this.#watches.keys()]) await this.#saveDetector(name);
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

  /** Writes the alarms, one writing after the other. */
  async #write(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return;
    this.#dirty = false;
    const saved = { version: 1, book: this.#book.save(), streams: this.#deadMan.save() } as const;
    this.#writing = (this.#writing ?? Promise.resolve()).then(() =>
      writeAlarms(path, saved).catch((error: unknown) => {
        this.#options.tell(`alarms could not be saved: ${String(error)}`);
      }),
    );
    await this.#writing;
  }

  async #saveDetector(stream: string): Promise<void> {
    const watch = this.#watches.get(stream)?.watch;
    if (!watch) return;
    await this.#store.save(stream, watch.shape, watch.save()).catch((error: unknown) => {
      this.#options.tell(`stream ${stream}: what its detector learned could not be saved: ${String(error)}`);
    });
  }

  /** A watch that goes on with what was learned of a stream of this shape; anew, where that cannot be read. */
  #begin(info: StreamInfo, channels: number, before: FeedWatch | undefined): FeedWatch {
    const { alarms, tell } = this.#options;
    const fresh = () => new FeedWatch(this.#book, info, channels, { falseAlarms: alarms.falseAlarms });
    const watch = fresh();
    const learned = before?.shape === watch.shape ? before.save() : this.#store.get(info.name, watch.shape);
    try {
      if (learned) watch.restore(learned);
      return watch;
    } catch (error) {
      tell(`stream ${info.name}: what its detector had learned is left out: ${String(error)}`);
      return fresh();
    }
  }

  #silence({ stream, last }: Liveness): Parameters<AlarmBook['alarm']>[2] {
    const { info, next = 0 } = this.#watches.get(stream) ?? {};
    const channels = info?.channels.slice(0, 8).map(({ label }) => ({ label, share: 1 / info.channels.length })) ?? [];
    const window = { run: info?.run ?? 0, from: next, to: next };
    return { cause: 'silent', score: 0, rate: info?.rate ?? 0, channels, since: last, window };
  }

  #tell(events: readonly AlarmEvent[]): void {
    for (const event of events) {
      this.#dirty = true;
      this.#log?.write(event);
      this.#webhook?.push(event);
      this.events.next(event);
    }
  }

  /** A detector that fails is no longer fed, and its stream goes on. */
  #guard(stream: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const why = `not watched: ${error instanceof Error ? error.message : String(error)}`;
      const watched = this.#watches.get(stream);
      if (watched) this.#watches.set(stream, { ...watched, watch: undefined, why });
      this.#options.tell(`stream ${stream}: ${why}`);
    }
  }
}

function shapeOf({ run, rate, channels, for: truthOf }: StreamInfo): string {
  return JSON.stringify([run, rate, channels, truthOf]);
}
