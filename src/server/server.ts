import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { WebSocket } from 'ws';
import { closeCodes } from '../protocol/close-codes.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import { AlarmService } from './alarm-service.ts';
import { Heartbeat } from './heartbeat.ts';
import { httpApp } from './http.ts';
import { StreamRegistry } from './stream-registry.ts';
import { SensorConnection } from './sensor-connection.ts';
import { type ResolvedOptions, resolveOptions, type ServerOptions } from './options.ts';
import { originCheck } from './origin.ts';
import { serverUrls } from './server-urls.ts';
import { lockDirectory } from './state-directory.ts';
import { acceptUpgrades } from './upgrade.ts';
import { ViewerConnection } from './viewer-connection.ts';
import { WeightStore } from './weight-store.ts';

/** A running server. */
export interface TaplineServer {
  /** The URL of the dashboard on this computer, such as http://127.0.0.1:8080: the first of `urls`. */
  readonly url: string;
  /** All URLs at which the dashboard can be opened: with `host: '0.0.0.0'`, one per network interface. */
  readonly urls: readonly string[];
  readonly port: number;
  /** What is published. */
  streams(): StreamInfo[];
  /** Writes learned weights down, closes every connection (1001) and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a server: sensors at /ingest/<stream>, viewers at /watch, the page at /, /healthz; on one port.
 * Rejects with one sentence when the port is in use or an option is wrong.
 */
export async function createServer(options: ServerOptions = {}): Promise<TaplineServer> {
  const resolved = resolveOptions(options);
  const { statePath } = resolved;
  const state = statePath === undefined ? undefined : await lockDirectory(statePath);
  const release = async () => state?.release();
  return start(resolved, release).catch(async (error: unknown) => {
    await release();
    throw error;
  });
}

async function start(resolved: ResolvedOptions, release: () => Promise<void>): Promise<TaplineServer> {
  const {
    host,
    port,
    origins,
    limits,
    maxStreams,
    maxViewers,
    heartbeat,
    pageDirectory,
    feed,
    statePath,
    alarms,
    log,
  } = resolved;
  const check = originCheck({ host, origins });
  const store = await WeightStore.open(statePath, Math.max(2048, 4 * maxStreams), log);
  const desk = await AlarmService.open({ alarms, statePath, maxDetectors: 4 * maxStreams, log: log }, Date.now());
  const hub = new StreamRegistry({ design: feed, store, alarmService: desk, maxStreams, log });
  const viewers = new Set<ViewerConnection>();
  const app = httpApp({ hub, check, pageDirectory, viewers: () => viewers.size, log });
  const server = createHttpServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2000 },
    (request, response) => {
      void listener(request, response);
    },
  );
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  server.maxConnections = maxStreams + maxViewers + 256;
  const pulse = new Heartbeat(heartbeat);

  const accept = (socket: WebSocket, url: URL) => {
    if (url.pathname.startsWith('/ingest/')) {
      const sensor = new SensorConnection(socket, url, hub, limits);
      pulse.add(socket, () => sensor.keepAlive());
      return undefined;
    }
    if (url.pathname !== '/watch')
      return { code: closeCodes.unknownPath, sentence: 'no such path: use /ingest/<stream> or /watch' };
    if (viewers.size >= maxViewers)
      return { code: closeCodes.tooMany, sentence: `the server takes no more than ${maxViewers} viewers` };
    const viewer = new ViewerConnection(socket, hub);
    viewers.add(viewer);
    socket.on('close', () => viewers.delete(viewer));
    pulse.add(socket, () => {});
    return undefined;
  };
  const sockets = acceptUpgrades(server, { check, maxPayload: limits.maxPayload, accept, log });
  await listen(server, host, port);
  const health = setInterval(() => {
    const now = Date.now();
    desk.tick(now);
    for (const viewer of viewers) viewer.tick(now);
  }, 1000);

  const save = async (all: boolean) => {
    await hub.save().catch((error: unknown) => {
      log(`what was learned could not be saved: ${String(error)}`);
    });
    await desk.save(all);
  };
  const saving = setInterval(() => void save(false), resolved.saveEvery);

  const bound = (server.address() as AddressInfo).port;
  const urls = serverUrls(host, bound);
  let closing: Promise<void> | undefined;
  const close = async () => {
    clearInterval(health);
    clearInterval(saving);
    pulse.stop();
    desk.beginShutdown();
    const stopped = stop(server, sockets.clients);
    for (const socket of sockets.clients) socket.close(closeCodes.goingAway, 'the server is stopping');
    await save(true);
    await desk.close();
    await release();
    await stopped;
  };
  return {
    url: urls[0],
    urls,
    port: bound,
    streams: () => hub.streams,
    close: () => (closing ??= close()),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `port ${port} of ${host} is in use: choose another with --port`
          : `cannot listen at ${host}:${port}: ${error.message}`;
      reject(Object.assign(new Error(sentence), { code: error.code }));
    });
    server.listen(port, host, resolve);
  });
}

/** Waits for the goodbyes, a second at most, then cuts off whoever is left. */
async function stop(server: Server, clients: ReadonlySet<WebSocket>): Promise<void> {
  const cut = setTimeout(() => {
    for (const socket of clients) socket.terminate();
    server.closeAllConnections();
  }, 1000);
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}
