import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { streamOf } from '../protocol/ingest-address.ts';
import type { Limits } from '../protocol/limits.ts';
import { contentTypes, isSupported, precisionOf, readPostBody } from '../protocol/post-body.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { retryAfter } from './http-connections.ts';
import { HttpSensors, type PostAnswer, statusOf } from './http-sensors.ts';
import { BodyError, BodyMemory, readBody } from './request-body.ts';
import { StreamUnavailable } from './sensor-session.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { Task, WorkScheduler } from './work-scheduler.ts';

type App = Hono<{ Bindings: HttpBindings }>;

/** What the route needs. */
export interface IngestRouteOptions {
  registry: StreamRegistry;
  limits: Limits;
  scheduler: WorkScheduler;
  /** Maximum memory in bytes of all requests that are being received. */
  maxUnfinished: number;
}

const methods = 'GET, HEAD, POST, OPTIONS';

/**
 * Adds `/ingest/<stream>`: POST publishes frames and returns a `PostAnswer`, GET explains how to connect. A rejected request
 * gets a status from 400 to 503 and a sentence, and none of its frames is accepted. Origins have been checked.
 */
export function addIngestRoute(app: App, options: IngestRouteOptions): void {
  const { registry, limits, maxUnfinished } = options;
  const sensors = new HttpSensors(registry, limits);
  const memory = new BodyMemory(maxUnfinished);
  app.use('/ingest/*', async (context, next) => {
    await next();
    const { origin } = context.req.header();
    if (!origin) return;
    context.header('Access-Control-Allow-Origin', origin);
    context.header('Vary', 'Origin');
  });
  app.get('/ingest/*', (context) => {
    const name = nameIn(context);
    return typeof name === 'string' ? context.text(guide(context, name)) : name;
  });
  app.options('/ingest/*', (context) => {
    context.header('Access-Control-Allow-Methods', methods);
    context.header('Access-Control-Allow-Headers', 'content-type, content-encoding');
    return context.body(null, 204, { Allow: methods });
  });
  app.post('/ingest/*', async (context) => {
    const name = nameIn(context);
    if (typeof name !== 'string') return name;
    try {
      return context.json(await publish(name, context.req.raw, sensors, memory, options));
    } catch (error) {
      if (error instanceof StreamUnavailable) return unavailable(context, error.message, statusOf(error.code));
      if (error instanceof BodyError && error.status === 503) return unavailable(context, error.message, 503);
      const status = error instanceof BodyError ? error.status : 400;
      const rejection = error instanceof BodyError ? new ProtocolError('bad-body', error.message) : error;
      if (!(rejection instanceof ProtocolError)) throw error;
      registry.reject(name, rejection);
      return context.text(`${rejection.message} (${rejection.code})\n`, status, { Connection: 'close' });
    }
  });
  app.all('/ingest/*', (context) =>
    context.text(`method must be one of ${methods}, got ${context.req.method}\n`, 405, { Allow: methods }),
  );
}

function unavailable(context: Context, sentence: string, status: 409 | 503): Response {
  return context.text(`${sentence}\n`, status, status === 503 ? { 'Retry-After': String(retryAfter) } : {});
}

async function publish(
  name: string,
  request: Request,
  sensors: HttpSensors,
  memory: BodyMemory,
  { limits, scheduler }: IngestRouteOptions,
): Promise<PostAnswer> {
  const type = request.headers.get('content-type') ?? undefined;
  if (!isSupported(type))
    throw new BodyError(415, `Content-Type must be one of ${contentTypes}, got ${type?.slice(0, 60)}`);
  const { searchParams } = new URL(request.url);
  const precision = precisionOf(searchParams);
  const text = await readBody(request, limits.maxText, memory);
  return scheduler.run(receive());

  function* receive(): Task<PostAnswer> {
    return yield* sensors.receive(name, searchParams, yield* readPostBody(text, type, limits, precision));
  }
}

/** Returns the stream name in the path, or the response for an invalid one. */
function nameIn(context: Context): string | Response {
  try {
    return streamOf(new URL(context.req.url).pathname);
  } catch (error) {
    if (error instanceof ProtocolError) return context.text(`${error.message} (${error.code})\n`, 400);
    throw error;
  }
}

function guide(context: Context, name: string): string {
  const { host } = new URL(context.req.url);
  return `Devices publish the stream "${name}" at this address.

With HTTP: POST frames as JSON, JSON lines, CSV, or InfluxDB line protocol. For example:

  curl http://${host}/ingest/${name} -H 'Content-Type: application/json' -d '{"temperature": 21.5, "humidity": 40}'
  curl 'http://${host}/ingest/${name}?channels=temperature,humidity' -H 'Content-Type: text/csv' -d '21.5,40'

With WebSocket: connect to the same address, and send one message per frame, such as {"temperature": 21.5} or [21.5, 40]:

  ws://${host}/ingest/${name}?rate=10&channels=temperature,humidity&unit=C,%25

All messages and parameters are described in docs/protocol.md. The dashboard is at http://${host}/.
`;
}
