import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { Limits } from '../protocol/limits.ts';
import { queryAlarms } from './alarm-query.ts';
import { addIngestRoute } from './ingest-route.ts';
import type { RejectedConnections } from './rejected-connections.ts';
import { eraseRecording, queryRecording, recordingStatus } from './recording-query.ts';
import { querySessions } from './session-query.ts';
import type { History } from '../store/history.ts';
import type { WorkScheduler } from './work-scheduler.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { originCheck } from './origin.ts';
import { pageFiles } from './page-files.ts';

/** Options of the HTTP routes. */
export interface HttpOptions {
  registry: StreamRegistry;
  history: History;
  limits: Limits;
  scheduler: WorkScheduler;
  check: ReturnType<typeof originCheck>;
  /** Maximum memory in bytes of all requests that are being received. */
  maxUnfinished: number;
  pageDirectory: string;
  viewers: () => number;
  /** Number of rejected connections by reason. */
  rejected: () => RejectedConnections['counts'];
  log: (line: string) => void;
}

const notBuilt =
  'The dashboard is not built. Run npm run build in the repository. /ingest/<stream> and /watch are available.\n';

/**
 * The HTTP routes of the server, all with a strict content security policy:
 *
 * - `/`: the dashboard, compressed and cached (see `pageFiles`).
 * - `/healthz`: `{ ok: true, uptime, viewers, streams: [{ name, rate, run, next, live, clock?, notes?, offset?, rejected? }],
 *   unopened?: [{ name, rejected }], learners?: [{ stream, learner, waitsFor?, late? }], rejectedConnections?: { [reason]: count },
 *   history: { durable, waiting, reason? }, recording: { on, bytes?, problem?, since? } }`; uptime in seconds. `unopened` are names of which every message was rejected, `learners`
 *   those that wait for a stream or have ignored late targets. `history` reports whether new alarms and sessions survive a restart.
 * - `/ingest/<stream>`: see `addIngestRoute`.
 * - `/alarms`: alarms, see `queryAlarms`; 400 with `{ error }` for an invalid query.
 * - `/sessions`: connections of sensors, see `querySessions`; 400 as above.
 * - `/recordings`: the recorded streams, see `recordingStatus`.
 * - `/recordings/<stream>`: DELETE deletes the recording of a stream, see `eraseRecording`; 404 and 500 with `{ error }`.
 * - `/history/<stream>`: a time span of a recorded stream, see `queryRecording`; 400, 404, and 503 with `{ error }`.
 *
 * A request with a Host that is not allowed gets 403 and a sentence.
 */
export function httpApp({
  registry,
  history,
  limits,
  scheduler,
  check,
  maxUnfinished,
  pageDirectory,
  viewers,
  rejected,
  log,
}: HttpOptions): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'self'"],
      },
      strictTransportSecurity: false,
    }),
  );
  app.use(async (context, next) => {
    const rejection = check(context.env.incoming);
    if (!rejection) {
      await next();
      return;
    }
    return context.text(`${rejection.sentence}\n`, 403);
  });
  app.get('/healthz', (context) => {
    const streams = registry.streams.map(({ name, rate, run, next, live, clock, notes }) => {
      const feed = registry.feed(name);
      return { name, rate, run, next, live, clock, notes, offset: feed?.offset, rejected: feed?.rejections.summary };
    });
    const unopened = registry.unopened(Date.now());
    const learners = registry.learnerHealth();
    return context.json({
      ok: true,
      uptime: process.uptime(),
      viewers: viewers(),
      streams,
      ...(unopened.length > 0 && { unopened }),
      ...(learners.length > 0 && { learners }),
      rejectedConnections: rejected(),
      history: history.status,
      recording: registry.recordingHealth,
    });
  });
  addIngestRoute(app, { registry, limits, scheduler, maxUnfinished });
  app.get('/alarms', async (context) => {
    const answer = await queryAlarms(registry.alarmService, context.req.query(), Date.now());
    return typeof answer === 'string' ? context.json({ error: answer }, 400) : context.json(answer);
  });
  app.get('/sessions', async (context) => {
    const answer = await querySessions(registry.sessions, context.req.query(), Date.now());
    return typeof answer === 'string' ? context.json({ error: answer }, 400) : context.json(answer);
  });
  app.get('/recordings', (context) => context.json(recordingStatus(registry.recordings)));
  app.delete('/recordings/:stream', async (context) => {
    const answer = await eraseRecording(registry, context.req.param('stream'));
    return 'error' in answer ? context.json({ error: answer.error }, answer.status) : context.json(answer);
  });
  app.get('/history/:stream', async (context) => {
    const answer = await queryRecording(registry.recordings, context.req.param('stream'), context.req.query());
    return 'error' in answer ? context.json({ error: answer.error }, answer.status) : context.json(answer);
  });
  if (existsSync(pageDirectory)) app.use(pageFiles(pageDirectory));
  app.get('/', (context) => context.text(notBuilt, 404));
  app.notFound((context) => context.text('Not found. The dashboard is at /.\n', 404));
  app.onError((error, context) => {
    log(`http: ${error.message}`);
    return context.text('Internal server error. See the server log.\n', 500);
  });
  return app;
}

/** Returns the directory of the built dashboard, in the package or in a clone. */
export function builtPage(): string {
  const places = ['../../page/', '../../dist/page/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find((path) => existsSync(path)) ?? places[0];
}
