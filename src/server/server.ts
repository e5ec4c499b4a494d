import { closeCodes } from '../protocol/close-codes.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { AddedLearners } from './added-learners.ts';
import { AlarmService } from './alarm-service.ts';
import { withPowerLine } from './feed-spec.ts';
import { clientAddress, trustedProxies } from './client-address.ts';
import { Heartbeat } from './heartbeat.ts';
import { HttpConnections } from './http-connections.ts';
import { httpApp } from './http.ts';
import { listen, serverUrls, stopListening } from './listening.ts';
import { OpenResources } from './open-resources.ts';
import { type ResolvedOptions, resolveOptions, type ServerOptions } from './options.ts';
import { originCheck } from './origin.ts';
import { LocalHost, type MakeHost } from './pipeline-host.ts';
import { PipelineStore } from './pipeline-store.ts';
import { Recordings } from './recordings.ts';
import { RejectedConnections, type RejectionReason } from './rejected-connections.ts';
import { SensorConnection } from './sensor-connection.ts';
import { SessionLog } from './session-log.ts';
import { SocketConnections, type SocketRejection } from './socket-connections.ts';
import { lockDirectory, unusableDirectory } from './state-directory.ts';
import { Recorder } from '../store/recorder.ts';
import { StreamRegistry } from './stream-registry.ts';
import { SendRound } from './send-round.ts';
import { acceptUpgrades } from './upgrade.ts';
import { ViewerConnection } from './viewer-connection.ts';
import { WeightStore } from './weight-store.ts';
import { WorkScheduler } from './work-scheduler.ts';
import { WorkerPool } from './worker-pool.ts';
import { History } from '../store/history.ts';
import { openHistory } from '../store/open-history.ts';
import { getRequestListener } from '@hono/node-server';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Pipelines are saved with every tenth save only, because they are larger than weights and alarms. */
const pipelineSaveInterval = 10;

/** A running server. */
export interface TaplineServer {
  /** The URL of the dashboard on this computer, such as http://127.0.0.1:8080: the first of `urls`. */
  readonly url: string;
  /** All URLs at which the dashboard can be opened: with `host: '0.0.0.0'`, one per network interface. */
  readonly urls: readonly string[];
  /** Port that the server listens on. */
  readonly port: number;
  /** All streams, live and ended. */
  streams(): StreamInfo[];
  /** Saves the state, closes every connection (close code 1001), and stops the server. */
  close(): Promise<void>;
}

/**
 * Starts a server. Sensors connect to `/ingest/<stream>` and viewers to `/watch` (WebSocket). Over HTTP, sensors can POST to
 * `/ingest/<stream>`, `/` is the dashboard, `/healthz` returns the server's status as JSON, and `/alarms` returns alarms.
 * Rejects if the port is in use or an option is invalid.
 */
export async function createServer(options: ServerOptions = {}): Promise<TaplineServer> {
  const resolved = resolveOptions(options);
  const resources = new OpenResources();
  try {
    return await start(resolved, resources);
  } catch (error) {
    await resources.close();
    throw error;
  }
}

async function start(resolved: ResolvedOptions, resources: OpenResources): Promise<TaplineServer> {
  const {
    host,
    port,
    origins,
    limits,
    maxStreams,
    maxViewers,
    maxConnectionsPerAddress: maxPerAddress,
    maxWaiting,
    helloTimeout,
    messageTimeout,
    maxUnfinished,
    trustProxy,
    heartbeat,
    maxSlowed,
    recording,
    pageDirectory,
    feed,
    learners: configured,
    powerLine,
    statePath,
    alarms,
    workers,
    log,
  } = resolved;
  if (statePath !== undefined) {
    const state = await lockDirectory(statePath);
    resources.add(() => state.release());
  }
  const history = await openedHistory(resolved);
  resources.add(() => {
    history.close();
  });
  const check = originCheck({ host, origins });
  const store = await WeightStore.open(statePath, Math.max(2048, 4 * maxStreams), log);
  const pipelines = await PipelineStore.open(statePath, 4 * maxStreams, log);
  const alarmService = await AlarmService.open({ alarms, history, statePath, log }, Date.now());
  resources.add(() => alarmService.close());
  const sessions = new SessionLog(history);
  const pool = workers > 0 ? new WorkerPool(workers) : undefined;
  resources.add(() => pool?.close());
  const makeHost: MakeHost = (emit) => pool?.host(emit) ?? new LocalHost(emit);
  const design = withPowerLine(feed, powerLine);
  const learners = new AddedLearners(configured, powerLine, statePath, log);
  const recorder =
    statePath === undefined || recording === false
      ? undefined
      : await Recorder.open(join(statePath, 'recordings'), { ...recording, report: log });
  resources.add(() => recorder?.close());
  const registry = new StreamRegistry({
    recordings: recorder && new Recordings(recorder, Date.now, log),
    design,
    learners,
    store,
    pipelines,
    host: makeHost,
    alarms,
    alarmService,
    sessions,
    maxStreams,
    log,
  });
  const scheduler = new WorkScheduler({
    failed: (error) => {
      log(`internal error: ${String(error)}`);
    },
  });
  const viewers = new Set<ViewerConnection>();
  const round = new SendRound();
  const sensors = new WeakMap<WebSocket, SensorConnection>();
  const isTrusted = trustedProxies(trustProxy);
  const rejected = new RejectedConnections(log);
  const connections = new SocketConnections({
    maxViewers,
    maxWaiting,
    maxPerAddress,
    helloTimeout,
    messageTimeout,
    maxUnfinished,
    isTrusted,
    rejected,
  });
  const app = httpApp({
    registry,
    history,
    limits,
    scheduler,
    check: checkedBy(check, rejected, isTrusted),
    maxUnfinished,
    pageDirectory,
    viewers: () => connections.viewers,
    rejected: () => rejected.counts,
    log,
  });
  const server = createHttpServer(
    {
      headersTimeout: Math.min(10_000, messageTimeout),
      requestTimeout: messageTimeout,
      connectionsCheckingInterval: Math.ceil(Math.min(2000, messageTimeout / 4)),
    },
    (request, response) => {
      http.add(request, response);
      void listener(request, response);
    },
  );
  server.maxConnections = 2 * maxStreams + maxViewers + 4 * maxWaiting;
  const http = new HttpConnections(server, { max: maxWaiting, maxPerAddress, isTrusted, rejected });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const heartbeats = new Heartbeat(heartbeat);

  const shared = { registry, limits, scheduler, maxSlowed };
  const accept = (socket: WebSocket, url: URL): SocketRejection | undefined => {
    if (url.pathname.startsWith('/ingest/')) {
      const sensor = new SensorConnection(socket, url, {
        ...shared,
        rejected: (code, sentence) => {
          connections.count(socket, reasonOf(code), sentence);
        },
      });
      sensors.set(socket, sensor);
      connections.addSensor(socket, () => sensor.publishing);
      heartbeats.add(socket, () => sensor.keepAlive());
      return undefined;
    }
    if (url.pathname !== '/watch') return unknownPath;
    const rejection = connections.admitViewer(socket);
    if (rejection) return rejection;
    const viewer = new ViewerConnection(socket, shared, round);
    viewers.add(viewer);
    socket.on('close', () => viewers.delete(viewer));
    heartbeats.add(socket, () => {});
    return undefined;
  };
  const upgrading = (connection: Duplex) => {
    http.release(connection);
  };
  const { maxPayload } = limits;
  const sockets = acceptUpgrades(server, { check, maxPayload, upgrading, connections, accept, log });
  await listen(server, host, port);
  const health = setInterval(() => {
    const now = Date.now();
    alarmService.observeClock(now, performance.now());
    const recorded = registry.streams.filter(({ name, live }) => live && registry.isRecorded(name));
    alarmService.observeRecording(
      recorded.map(({ name }) => name),
      registry.recordingHealth,
      now,
    );
    alarmService.tick(now);
    rejected.tick();
    history.tick(now);
    const message = { ...registry.health(now), time: now };
    for (const viewer of viewers) viewer.tick(message);
  }, 1000);

  const deadlines = setInterval(() => {
    http.tick();
    connections.tick(sockets.clients);
  }, connections.interval);

  let saves = 0;
  const save = async (all: boolean) => {
    await registry.save(all || ++saves % pipelineSaveInterval === 0);
    alarmService.save(all);
    sessions.save();
  };
  const saving = setInterval(() => void save(false), resolved.saveEvery);

  const bound = (server.address() as AddressInfo).port;
  const urls = serverUrls(host, bound);
  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(health);
    clearInterval(deadlines);
    clearInterval(saving);
    heartbeats.stop();
    alarmService.beginShutdown();
    const stopped = stopListening(server, sockets.clients);
    for (const socket of sockets.clients) {
      sensors.get(socket)?.drop();
      socket.close(closeCodes.goingAway, 'The server is shutting down.');
    }
    await stopped;
    await save(true);
    sessions.stop(Date.now());
    await resources.close();
  };
  return {
    url: urls[0],
    urls,
    port: bound,
    streams: () => registry.streams,
    close: () => (closing ??= close()),
  };
}

const unknownPath: SocketRejection = {
  code: closeCodes.unknownPath,
  reason: 'unknown-path',
  sentence: 'Unknown path. Use /ingest/<stream> or /watch.',
};

/** The reason for which a sensor is rejected with a close code. */
function reasonOf(code: number): RejectionReason {
  if (code === closeCodes.nameInUse) return 'name-in-use';
  return code === closeCodes.full ? 'too-many-streams' : 'bad-address';
}

/** The same check, whose rejections are counted and logged. */
function checkedBy(
  check: ReturnType<typeof originCheck>,
  rejected: RejectedConnections,
  isTrusted: (address: string) => boolean,
): ReturnType<typeof originCheck> {
  return (request) => {
    const rejection = check(request);
    if (rejection) rejected.add('not-allowed', clientAddress(request, isTrusted).address, rejection.sentence);
    return rejection;
  };
}

async function openedHistory({ statePath, history, log }: ResolvedOptions): Promise<History> {
  try {
    return new History(await openHistory(statePath, log), log, history);
  } catch (error) {
    throw unusableDirectory(statePath ?? '', error);
  }
}
