import { closeCodes, subprotocol } from '../protocol/close-codes.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import { labelWarning } from '../protocol/ingest-address.ts';
import type { IngestReply } from '../protocol/ingest-reply.ts';
import { type Hello, type IngestMessage, readChannels } from '../protocol/ingest.ts';
import { joinedFrames, limitSamples } from '../protocol/joined-frames.ts';
import type { Limits } from '../protocol/limits.ts';
import { cut, ProtocolError } from '../protocol/protocol-error.ts';
import type { Samples } from '../protocol/samples.ts';
import type { Feed, Opening } from './feed.ts';
import type { SensorMessage } from './intake.ts';
import { Allowance } from './allowance.ts';
import type { Sensor, StreamRegistry } from './stream-registry.ts';
import type { Task } from './work-scheduler.ts';

/** The stream of a sensor cannot be opened now. */
export class StreamUnavailable extends Error {
  /** The close code for the reason. */
  readonly code: number;

  constructor(code: number, sentence: string) {
    super(sentence);
    this.name = 'StreamUnavailable';
    this.code = code;
  }
}

/** Largest number of missing frames that is filled. */
const maxFilled = 1000;

/** The error of a sensor that a newer one has replaced. */
export function replaced(name: string): StreamUnavailable {
  return new StreamUnavailable(closeCodes.replaced, `A newer device named "${name}" replaced this one.`);
}

function noRoom(): StreamUnavailable {
  return new StreamUnavailable(closeCodes.full, 'The server accepts no more streams (maxStreams).');
}

/** What a sensor session needs. */
export interface SensorSessionOptions {
  /** Name of the stream. */
  name: string;
  sensor: Sensor;
  registry: StreamRegistry;
  limits: Limits;
  /** Sends a message to the sensor. */
  reply: (reply: IngestReply) => void;
}

/** What a sensor publishes over any transport: opens its stream, and passes on its messages. */
export class SensorSession {
  readonly #options: SensorSessionOptions;
  /** Description of the stream so far. */
  #hello: Hello = { type: 'hello' };
  #feed: Feed | undefined;
  /** Notes that the sensor has received as warnings. */
  readonly #warned = new Set<string>();
  /** How many runs this sensor may start: each makes a new pipeline. */
  readonly #starts = new Allowance({ burst: 4, perSecond: 1 });
  /** How many missing frames it may have: they are filled. */
  readonly #gapFrames = new Allowance({ burst: 10 * maxFilled, perSecond: 2 * maxFilled });
  /** Whether this sensor must not replace a connected one. */
  onlyIfFree = false;

  constructor(options: SensorSessionOptions) {
    this.#options = options;
  }

  /** The stream; undefined before it is opened. */
  get feed(): Feed | undefined {
    return this.#feed;
  }

  /** Uses a description, and opens the stream if it contains the channels. Throws as `receive` does. */
  *describe(hello: Hello): Task {
    this.#hello = { ...this.#hello, ...hello };
    if (hello.channels) yield* this.#open([], []);
    else this.checkName();
  }

  /**
   * Processes messages that arrived together; a hello must be the first of them. Returns the number of new frames.
   * @throws ProtocolError if one of them is invalid; none is processed then, and no stream is opened
   * @throws StreamUnavailable if the stream cannot be opened
   */
  *receive(messages: readonly IngestMessage[]): Task<number> {
    const { hellos, data } = divided(messages);
    if (hellos.length > 0 || !this.#feed) yield* this.#open(hellos, data);
    else if (this.#numbersAnew(data)) {
      yield* this.#open([{ type: 'hello', fresh: true }], data);
      this.#options.reply({ type: 'warning', message: 'the frames are numbered from 0 again; a new run begins' });
    }
    if (!this.#feed || data.length === 0) return 0;
    const { name, registry, sensor, limits } = this.#options;
    limitSamples(data, this.#hello.channels?.length ?? 0, limits);
    yield* this.#feed.idle();
    if (!registry.isOf(name, sensor)) throw replaced(name);
    const { frames, gaps } = yield* this.#feed.receive(data);
    for (const gap of gaps) this.#options.reply(gap);
    yield* this.#gapFrames.take(gaps.reduce((sum, { count }) => sum + Math.min(count, maxFilled), 0));
    this.#warnOfNotes(this.#feed);
    return frames;
  }

  /** Whether a device that was restarted together with the server numbers its frames from 0 again. */
  #numbersAnew(data: readonly SensorMessage[]): boolean {
    const isContinued = this.#feed?.isJustRecovered === true && this.#feed.next > 0;
    const first = data.find((message) => message.type === 'samples');
    return isContinued && this.#hello.run === undefined && first?.start === 0;
  }

  /** Throws if this sensor may not replace the one that is connected under its name. */
  checkName(): void {
    const { name, registry, sensor } = this.#options;
    if (this.onlyIfFree && registry.isTaken(name, sensor))
      throw new StreamUnavailable(closeCodes.nameInUse, `Another device publishes "${name}".`);
  }

  /** Opens the stream; omitted fields default to those of the stream before, or to an irregular rate. */
  *#open(hellos: readonly Hello[], data: readonly SensorMessage[]): Task {
    const { name, registry, sensor, limits, reply } = this.#options;
    if (!(yield* registry.recover(name))) throw noRoom();
    this.checkName();
    const known = registry.feed(name);
    const before = known?.info.channels;
    const hello = hellos.reduce(merged, this.#hello);
    const opening = openingOf(hello, data, known, limits);
    limitSamples(data, opening.channels.length, limits);
    if (data.length > 0) yield* registry.check(name, opening, data);
    if (!known || known.restartsFor(opening)) yield* this.#starts.take(1);
    yield* registry.feed(name)?.idle() ?? [];
    this.checkName();
    const feed = registry.open(name, opening, sensor);
    if (!feed) throw noRoom();
    this.#feed = feed;
    const renewal = renewalWarning(before, opening, hello);
    this.#hello = { ...hello, channels: opening.channels, rate: opening.rate, fresh: false };
    const { run, next, recovered } = feed;
    const { maxPayload, maxText, maxChannels } = limits;
    reply({
      type: 'welcome',
      protocol: subprotocol,
      stream: name,
      run,
      next,
      ...(registry.isRecorded(name) && { recorded: true }),
      ...(recovered !== undefined && { recovered }),
      limits: { maxPayload, maxText, maxChannels },
    });
    const warnings = [labelWarning(opening.channels) ?? [], renewal, hellos.map((each) => each.warnings ?? [])].flat(2);
    for (const message of warnings) reply({ type: 'warning', message });
    this.#warnOfNotes(feed);
  }

  #warnOfNotes(feed: Feed): void {
    for (const [key, message] of feed.notes) {
      if (this.#warned.has(key)) continue;
      this.#warned.add(key);
      this.#options.reply({ type: 'warning', message });
    }
  }
}

/** Divides messages into the hellos at their beginning and the rest. Throws a ProtocolError if there are more hellos. */
function divided(messages: readonly IngestMessage[]): { hellos: readonly Hello[]; data: readonly SensorMessage[] } {
  const [only] = messages;
  if (messages.length === 1 && only.type !== 'hello') return { hellos: [], data: [only] };
  const from = messages.findIndex(({ type }) => type !== 'hello');
  const hellos = messages.slice(0, from < 0 ? messages.length : from) as Hello[];
  const rest = messages.slice(hellos.length);
  if (rest.some(({ type }) => type === 'hello'))
    throw new ProtocolError('bad-message', 'hello must come before all other messages, got hello after them');
  return { hellos, data: joinedFrames(rest) as SensorMessage[] };
}

/** Returns a hello with the fields of a later one. */
function merged(hello: Hello, next: Hello): Hello {
  const {
    fresh = hello.fresh ?? false,
    channels = hello.channels,
    unlabeled = !next.channels && hello.unlabeled,
  } = next;
  return { ...hello, ...next, fresh, channels, unlabeled };
}

/** Returns the description of a stream from a hello, from the first samples, and from the stream before. */
function openingOf(hello: Hello, data: readonly SensorMessage[], known: Feed | undefined, limits: Limits): Opening {
  const before = known?.info;
  const samples = data.find((message) => message.type === 'samples');
  if (!samples && data.length > 0 && !hello.channels && hello.rate === undefined)
    throw new ProtocolError('no-stream', `${data[0].type} must come after hello or samples`);
  const shape = hello.channels || !samples ? hello : shapeOf(samples, data, before?.channels, limits);
  const channels = keptChannels(shape, before?.channels);
  if (!channels) throw new ProtocolError('no-stream', 'hello must contain the channels of a new stream');
  const { kind = before?.kind, for: targetOf = before?.for, clock = known?.declaredClock } = hello;
  const rate = hello.rate ?? samples?.rate ?? before?.rate ?? 0;
  const fresh = (hello.fresh ?? false) || (shape.fresh ?? false);
  return { ...hello, fresh, channels, rate, kind, for: targetOf, clock };
}

/** Returns the channels of samples without a hello. Samples that name other channels than the stream start a new run. */
function shapeOf(
  samples: Samples,
  data: readonly SensorMessage[],
  before: ChannelInfo[] | undefined,
  { maxChannels }: Limits,
): Hello {
  if (!samples.named) {
    const { labels, channels } = samples;
    return { type: 'hello', channels: readChannels(labels ?? channels, maxChannels), unlabeled: !labels };
  }
  const named = data.flatMap((message) => (message.type === 'samples' ? (message.labels ?? []) : []));
  const labels = [...new Set(named)];
  const isKnown = labels.every((label) => before?.some((channel) => channel.label === label));
  if (before && isKnown) return { type: 'hello', channels: before };
  return { type: 'hello', channels: readChannels(labels, maxChannels), fresh: before !== undefined };
}

/** Returns the channels of a hello; labels and units that it omits are those of the stream before. */
function keptChannels({ channels, unlabeled }: Hello, before: ChannelInfo[] | undefined): ChannelInfo[] | undefined {
  if (!channels || !before) return channels ?? before;
  if (unlabeled && channels.length === before.length)
    return channels.map(({ unit }, i) => ({ label: before[i].label, unit: unit || before[i].unit }));
  const units = new Map(before.map(({ label, unit }) => [label, unit]));
  return channels.map(({ label, unit }, i) => {
    const known = before[i]?.label === label ? before[i].unit : units.get(label);
    return { label, unit: unit || (known ?? '') };
  });
}

/** Returns a warning if samples start a new run because they name other channels than the stream. */
function renewalWarning(before: ChannelInfo[] | undefined, { channels, fresh }: Opening, hello: Hello): string[] {
  if (!before || !fresh || hello.fresh) return [];
  const names = (list: readonly ChannelInfo[]) => cut(list.map(({ label }) => label).join(', '), 200);
  return [`the channels were ${names(before)} and are now ${names(channels)}; a new run begins`];
}
