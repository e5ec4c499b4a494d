import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createServer } from '../../server/index.ts';

/** Measurements of a server process. */
export interface ServerSample {
  /** Resident memory in bytes. */
  readonly rss: number;
  /** Used heap, and memory of buffers, in bytes. */
  readonly heap: number;
  /** Delay of the event loop in ms since the last reset: percentiles and maximum. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** A message of a server process to the process that started it. */
export type ServerReport = { port: number } | { line: string } | { failed: string } | { sample: ServerSample };

/** A request to a server process: measure it, or start to measure delays anew. */
export type ServerRequest = 'sample' | 'reset';

/** Resolution of the measured delays in ms. */
const resolution = 1;

/** Runs a server until the process that started it disconnects. The arguments are the port and the state directory. */
async function serve(port: number, statePath: string): Promise<void> {
  const report = (message: ServerReport) => {
    if (process.connected) process.send?.(message);
  };
  const delays = monitorEventLoopDelay({ resolution });
  try {
    const server = await createServer({ port, statePath, log: (line) => report({ line }) });
    process.on('message', (request: ServerRequest) => {
      if (request === 'reset') {
        delays.reset();
        return;
      }
      const ms = (ns: number) => Math.max(0, ns / 1e6 - resolution);
      const { rss, heapUsed, external } = process.memoryUsage();
      const delay = { p50: ms(delays.percentile(50)), p99: ms(delays.percentile(99)), max: ms(delays.max) };
      report({ sample: { rss, heap: heapUsed + external, delay } });
    });
    process.on('disconnect', () => void server.close().finally(() => process.exit()));
    delays.enable();
    report({ port: server.port });
  } catch (error) {
    report({ failed: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
}

process.on('SIGINT', () => {}); // Ctrl-C also reaches the parent, which disconnects
await serve(Number(process.argv[2]), process.argv[3]);
