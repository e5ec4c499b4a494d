import { Command } from '@commander-js/extra-typings';
import type { ServerOptions, TaplineServer } from '../server/index.ts';
import { demo } from './demo.ts';
import { collect, integerFrom } from './option-values.ts';
import { feedsWith } from './served-networks.ts';
import { stopped, stopSignal } from './stop-signal.ts';
import { usageOf } from './failure.ts';

type ServeOptions = {
  host: string;
  port: number;
  origin?: string[];
  demo?: true;
  state: string | false;
  network?: string[];
  standardize?: true;
  falseAlarms?: string;
  reference?: number;
  alarmLog?: string;
  webhook?: string;
};

/** `tapline serve`: the server and its page. */
export function serveCommand(): Command<[], ServeOptions> {
  return new Command('serve')
    .summary('the server and its page')
    .description(
      'Serve: sensors publish to /ingest/<stream>, the page shows what they send and what is learned from it.',
    )
    .option('--host <address>', 'where to listen; 0.0.0.0 = on every network', '127.0.0.1')
    .option('--port <number>', 'which port; 0 = any that is free', integerFrom(0, 65535), 8080)
    .option('--origin <url>', 'another page that may connect; may be given several times', collect)
    .option('--demo', 'with two sensors: a simulated headset, and this computer')
    .option('--state <directory>', 'where learned weights, alarms and their log are kept', '.tapline')
    .option('--no-state', 'keep nothing')
    .option('--network <stream=file>', 'a network to run on a stream, as one more feature map; several times', collect)
    .option('--standardize', 'for --network: take running mean and spread away first, as learn --standardize did')
    .option(
      '--false-alarms <rate>',
      'false alarms of one stream that are put up with, such as 2/week (default: 1/month; of --demo 6/hour)',
    )
    .option(
      '--reference <frames>',
      'commission every stream for so many frames (faster than 25 Hz: tenths of a second) and tell slow wear away from them',
      integerFrom(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      '--alarm-log <file>',
      'where all that happens to alarms is written, one JSON line each (default: alarms.jsonl in --state)',
    )
    .option('--webhook <url>', 'an address that is sent all that happens to alarms, one POST of JSON each')
    .addHelpText('after', '\nExample:\n  tapline serve --demo')
    .action(async ({ host, port, origin, demo: withDemo, state, ...given }) => {
      const signal = stopSignal();
      const { falseAlarms = withDemo ? '6/hour' : '1/month', reference, alarmLog, webhook } = given;
      const server = await listening({
        host,
        port,
        origins: origin,
        feed: await feedsWith(given.network ?? [], given.standardize ?? false),
        statePath: state === false ? undefined : state,
        alarms: { falseAlarms, reference, log: alarmLog, webhook },
      });
      process.stdout.write(`Tapline is at ${server.url}\nCtrl-C stops it.\n`);
      try {
        if (withDemo) await Promise.race([demo(ownAddress(host, server.port), signal), stopped(signal)]);
        await stopped(signal);
      } finally {
        await server.close();
      }
    });
}

async function listening(options: ServerOptions): Promise<TaplineServer> {
  const { createServer } = await import('../server/index.ts');
  return createServer({ ...options, log: (line) => process.stderr.write(`${line}\n`) }).catch((error: unknown) => {
    throw usageOf(error);
  });
}

/** The address at which this computer reaches its own server. */
function ownAddress(host: string, port: number): string {
  const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `ws://${own.includes(':') ? `[${own}]` : own}:${port}`;
}
