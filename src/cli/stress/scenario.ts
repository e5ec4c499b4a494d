import { random, type Random } from '../../core/random.ts';
import { imbalance, type Sent, type Totals, type Viewed, viewImbalance } from './account.ts';
import { Device, type DeviceOptions } from './device.ts';
import type { Target } from './target.ts';
import { Viewer, type ViewerOptions } from './viewer.ts';

/** A device whose frames are part of the account. */
export interface CountedDevice {
  readonly stream: string;
  readonly sent: Sent;
  readonly failure: string | undefined;
  readonly disconnections: number;
  stop(): Promise<void>;
  abort(): void;
}

/** Sizes of the soak test. */
export interface Sizes {
  readonly devices: number;
  readonly viewers: number;
}

/** One self-checking scenario. */
export interface Scenario {
  readonly name: string;
  /** What happens, in one sentence. */
  readonly summary: string;
  /** Default duration of its load in seconds. */
  readonly seconds: number;
  /** Whether it needs a server that this process started. */
  readonly ownServer?: true;
  /** Whether it runs only if it is named. */
  readonly onlyNamed?: true;
  run(stage: Stage): Promise<void>;
}

/** Seconds in which all frames must be acknowledged after the devices have stopped. */
const maxDrain = 120;

/** What one run of a scenario uses and reports. */
export class Stage {
  readonly target: Target;
  readonly seconds: number;
  readonly seed: number;
  readonly sizes: Sizes;
  readonly random: Random;
  /** Why the scenario has failed. */
  readonly problems: string[] = [];
  /** Further results, for the verdict line. */
  readonly results: string[] = [];
  readonly totals: Totals = { streams: 0, sent: 0, processed: 0, gaps: 0 };
  readonly #name: string;
  readonly #stop: AbortSignal;
  readonly #devices: CountedDevice[] = [];
  readonly #viewers: Viewer[] = [];
  readonly #cleanUp: (() => unknown)[] = [];

  constructor(options: {
    name: string;
    target: Target;
    seed: number;
    seconds: number;
    sizes: Sizes;
    signal: AbortSignal;
  }) {
    this.#name = options.name;
    this.target = options.target;
    this.seed = options.seed;
    this.seconds = options.seconds;
    this.sizes = options.sizes;
    this.#stop = options.signal;
    this.random = random(options.seed);
  }

  /** Name of a stream of this scenario. */
  stream(of: string | number): string {
    return `stress.${this.#name}.${of}`;
  }

  /** An integer from 0 to `below` - 1. */
  integer(below: number): number {
    return Math.floor(this.random.uniform() * below);
  }

  /** Starts a device with its own random numbers; `server` defaults to the server under test. */
  device(of: string | number, options: Partial<DeviceOptions> & Pick<DeviceOptions, 'rate' | 'channels'>): Device {
    return this.add(new Device({ server: this.target.url, stream: this.stream(of), random: this.fork(), ...options }));
  }

  /** Starts a healthy device beside the others, which skips some frames. */
  neighbor(): Device {
    return this.device('neighbor', { rate: 100, channels: 4, omit: 0.05 });
  }

  /** A random number generator that is seeded by this one. */
  fork(): Random {
    return random(Math.floor(this.random.uniform() * 2 ** 32));
  }

  /** Includes a device in the account. */
  add<T extends CountedDevice>(device: T): T {
    this.#devices.push(device);
    return device;
  }

  viewer(options: Omit<ViewerOptions, 'server'>): Viewer {
    const viewer = new Viewer({ server: this.target.url, ...options });
    this.#viewers.push(viewer);
    return viewer;
  }

  /** Calls `work` at the end of the scenario, whatever happens. */
  finally(work: () => unknown): void {
    this.#cleanUp.push(work);
  }

  /** Waits for a part of the duration, or until the command is stopped. */
  async pass(seconds: number): Promise<void> {
    if (this.#stop.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(end, 1000 * seconds);
      const stop = this.#stop;
      function end() {
        clearTimeout(timer);
        stop.removeEventListener('abort', end);
        resolve();
      }
      stop.addEventListener('abort', end);
    });
  }

  /** Whether the command is being stopped. */
  get isStopped(): boolean {
    return this.#stop.aborted;
  }

  /** Reports a failure unless `holds`. */
  check(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem);
  }

  /** Answer of the server to a GET request. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.target.url.replace('ws', 'http')}${path}`);
    return (await response.json()) as T;
  }

  /**
   * Stops all devices, waits until their frames are acknowledged, and balances the account of each stream with the counts of the
   * server and those of a viewer, which may be `timeout` ms behind.
   */
  async settle(observer: Viewer, timeout?: number): Promise<void> {
    const inTime = await Promise.all(this.#devices.map((device) => within(device.stop(), 1000 * maxDrain)));
    const late = inTime.filter((each) => !each).length;
    this.check(
      late === 0,
      `${late} devices were not acknowledged within ${maxDrain} s: the server processes fewer frames than they send`,
    );
    await Promise.all(this.#devices.map((device) => this.#balance(device, observer, timeout)));
    this.check(observer.closed === undefined, `the observing viewer was disconnected with ${observer.closed}`);
    this.problems.push(...observer.errors.map((error) => `the observing viewer received: ${error}`));
  }

  async #balance({ sent, failure, stream }: CountedDevice, observer: Viewer, timeout?: number): Promise<void> {
    if (failure !== undefined) this.problems.push(`${stream}: the device gave up: ${failure}`);
    const processed = await observer.processed(stream, sent.next);
    this.problems.push(...imbalance(sent, processed));
    this.totals.streams++;
    this.totals.sent += sent.next;
    this.totals.processed += processed?.received ?? 0;
    this.totals.gaps += processed?.gaps ?? 0;
    if (observer.views.some((view) => view.stream === stream))
      this.checkView(stream, await observer.viewed(stream, sent.next, timeout), sent.next, processed?.gaps ?? 0);
  }

  /** Balances the account of one subscription. */
  checkView(stream: string, view: Viewed | undefined, next: number, gaps: number): void {
    if (view) this.problems.push(...viewImbalance(view, next, gaps));
    else this.problems.push(`${stream}: a viewer could not subscribe`);
  }

  /** Releases everything; removes the streams from the server. */
  async end(): Promise<void> {
    for (const work of this.#cleanUp.reverse()) await work();
    for (const device of this.#devices) device.abort();
    const [first] = this.#viewers.filter(({ closed }) => closed === undefined);
    for (const { stream } of this.#devices) first?.send({ type: 'remove', stream });
    for (const viewer of this.#viewers) viewer.close();
  }
}

/** Resolves with whether `work` ends within `ms`. */
async function within(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
