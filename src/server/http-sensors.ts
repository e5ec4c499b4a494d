import { closeCodes } from '../protocol/close-codes.ts';
import { addressWarnings, helloOf, requiresFreeName } from '../protocol/ingest-address.ts';
import type { Gap, IngestMessage } from '../protocol/ingest.ts';
import type { Limits } from '../protocol/limits.ts';
import { otherSeries } from '../protocol/line-protocol.ts';
import type { PostBody } from '../protocol/post-body.ts';
import { SensorSession } from './sensor-session.ts';
import type { Sensor, StreamRegistry } from './stream-registry.ts';
import type { Task } from './work-scheduler.ts';

/** A stream without requests for this long, in ms, counts as ended; the next request continues it. */
const maxIdle = 600_000;

/** Answer to a request whose frames were accepted. */
export interface PostAnswer {
  /** Number of new frames. */
  accepted: number;
  stream: string;
  run: number;
  /** Index of the next frame expected. */
  next: number;
  /** What is probably not intended, one sentence each; absent if there is nothing. */
  warnings?: string[];
}

/** A sensor that publishes its stream with HTTP requests. */
class HttpSensor implements Sensor {
  readonly via = 'http' as const;
  readonly session: SensorSession;
  /** Replies to the current request. */
  warnings: string[] = [];
  /** Query of the last request that was accepted. */
  query: string | undefined;
  /** Measurement and tags of its line protocol. */
  series: string | undefined;
  /** Number of requests that are being processed. */
  active = 0;
  readonly #ended: (idle: boolean) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param ended is called when the sensor has been idle for long, or has been replaced */
  constructor(name: string, registry: StreamRegistry, limits: Limits, ended: (idle: boolean) => void) {
    this.#ended = ended;
    this.session = new SensorSession({
      name,
      sensor: this,
      registry,
      limits,
      reply: (reply) => {
        if (reply.type === 'warning') this.warnings.push(reply.message);
        else if (reply.type === 'gap') this.warnings.push(missingText(reply));
      },
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#ended(false);
  }

  /** Restarts the timer that waits for the next request. */
  wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#ended(true);
    }, maxIdle).unref();
  }
}

/** Describes missing frames in a sentence. */
function missingText({ from, count }: Gap): string {
  return `${count === 1 ? '1 frame is' : `${count} frames are`} missing, starting at frame ${from}`;
}

/** The sensors that publish with HTTP requests. All requests to one stream are those of one sensor. */
export class HttpSensors {
  readonly #registry: StreamRegistry;
  readonly #limits: Limits;
  readonly #sensors = new Map<string, HttpSensor>();

  constructor(registry: StreamRegistry, limits: Limits) {
    this.#registry = registry;
    this.#limits = limits;
  }

  /**
   * Publishes the content of a request; all of it or nothing.
   * @throws ProtocolError if a message is invalid, or StreamUnavailable
   */
  *receive(name: string, search: URLSearchParams, { messages, series }: PostBody): Task<PostAnswer> {
    const sensor = this.#sensors.get(name) ?? this.#create(name);
    const { session } = sensor;
    const query = search.toString();
    const described = helloOf(search, this.#limits);
    session.onlyIfFree = requiresFreeName(search);
    session.checkName();
    if (series !== undefined && sensor.series !== undefined && series !== sensor.series)
      throw otherSeries(sensor.series, series);
    sensor.warnings = query === sensor.query ? [] : addressWarnings(search, ['precision']);
    if (described.fresh) {
      described.fresh = false;
      sensor.warnings.push('fresh in the URL of a request is ignored; to start a new run, send hello with fresh');
    }
    const isNew = query !== sensor.query || !session.feed;
    const accepted = yield* this.#pass(name, sensor, isNew ? [described, ...messages] : messages);
    sensor.query = query;
    sensor.series = series ?? sensor.series;
    const { run, next } = session.feed!;
    const { warnings } = sensor;
    return { accepted, stream: name, run, next, ...(warnings.length > 0 && { warnings }) };
  }

  /** Passes messages on; the sensor is kept for parallel requests and, if it has a stream, for further ones. */
  *#pass(name: string, sensor: HttpSensor, messages: readonly IngestMessage[]): Task<number> {
    this.#sensors.set(name, sensor);
    sensor.active++;
    try {
      return yield* sensor.session.receive(messages);
    } finally {
      sensor.active--;
      if (sensor.session.feed) sensor.wait();
      else if (sensor.active === 0 && this.#sensors.get(name) === sensor) this.#sensors.delete(name);
    }
  }

  #create(name: string): HttpSensor {
    const sensor: HttpSensor = new HttpSensor(name, this.#registry, this.#limits, (idle) => {
      if (this.#sensors.get(name) === sensor) this.#sensors.delete(name);
      if (idle) this.#registry.leave(name, sensor, false, { reason: 'No request for 10 minutes.' });
    });
    return sensor;
  }
}

/** The HTTP status for a close code. */
export function statusOf(code: number): 409 | 503 {
  return code === closeCodes.nameInUse ? 409 : 503;
}
