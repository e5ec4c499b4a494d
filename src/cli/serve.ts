import type { FalseAlarms } from '../core/detector/alarm-budget.ts';
import type { Network } from '../core/network/network.ts';
import { defaultFeed } from '../server/default-feed.ts';
import type { FeedChannel, FeedDesigner, MapSpec } from '../server/feed-spec.ts';
import type { ServerOptions, TaplineServer } from '../server/index.ts';
import { publish, type PublishOptions } from '../sources/index.ts';
import { hostSource } from '../sources/node/index.ts';
import { ingestAddress } from './address.ts';
import { UsageError, usageOf } from './failure.ts';
import { publishHeadset } from './headset.ts';
import { readNetwork } from './network-file.ts';
import {
  collect,
  deprecate,
  falseAlarmsOption,
  integerFrom,
  orAuto,
  positiveNumber,
  referenceOption,
} from './options.ts';
import { defaultPowerLine, type PowerLine, powerLineOption } from './power-line.ts';
import { logStatus, publishing } from './publishing.ts';
import { readLearners } from './serve-learners.ts';
import { limitFlags, type LimitOptions, limitsOf, withLimits } from './serve-limits.ts';
import { recordingNotice, recordingOf, type RecordingOptions, withRecording } from './serve-recording.ts';
import { stopped, stopSignal } from './stop-signal.ts';
import { Command, Option } from '@commander-js/extra-typings';
import { basename } from 'node:path';
import { merge } from 'rxjs';

type ServeOptions = {
  host: string;
  port: number;
  origin?: string[];
  demo?: true;
  state: string | false;
  network?: string[];
  learn?: string[];
  networkInput: 'raw' | 'standardized';
  falseAlarms?: FalseAlarms;
  reference?: number;
  powerLine?: PowerLine;
  alarmLog?: string;
  webhook?: string;
  workers: number | 'auto';
} & LimitOptions &
  RecordingOptions;

/** `tapline serve`: the server and its dashboard. */
export function serveCommand(): Command<[], ServeOptions> {
  const described = new Command('serve')
    .summary('Start the server and the dashboard')
    .description(
      'Start the server and the dashboard. Devices publish to /ingest/<stream>. The dashboard shows streams, feature maps, learners, and alarms. All streams are recorded unless you set --no-record or --no-state.',
    )
    .option('--host <address>', 'Address to listen on; 0.0.0.0 listens on all network interfaces', '127.0.0.1')
    .option('--port <number>', 'Port to listen on; 0 selects a free port', integerFrom(0, 65535), 8080)
    .option(
      '--origin <url>',
      'Allow web pages of this origin to connect (repeatable), such as https://dashboard.example',
      collect,
    )
    .option('--demo', "Publish two streams: a simulated EEG headset and this computer's metrics")
    .option(
      '--state <directory>',
      'Directory for recordings, the state of streams, learned weights, and alarms',
      '.tapline',
    )
    .option('--no-state', 'Do not record streams, and do not save any state')
    .option(
      '--network <stream=file>',
      'Run a network (.json or .safetensors) on a stream and show its feature maps (repeatable)',
      collect,
    )
    .option(
      '--learn <stream=file>',
      'Train the learners that are defined in a JSON file on a stream (repeatable; file format: docs/networks.md)',
      collect,
    )
    .addOption(
      new Option('--network-input <input>', 'Input of --network: the raw or the standardized signal')
        .choices(['raw', 'standardized'] as const)
        .default('raw' as const),
    )
    .option(
      falseAlarmsOption[0],
      `${falseAlarmsOption[1]} (default: 1/month; with --demo: 6/hour)`,
      falseAlarmsOption[2],
    )
    .addOption(referenceOption(' (streams above 25 Hz: tenths of a second)'))
    .addOption(
      powerLineOption('Power-line frequency, for the power-line baseline of learners and the simulated headset'),
    )
    .option(
      '--alarm-log <file>',
      'Append alarm events to a file, one JSON object per line (default: alarms.jsonl in the --state directory)',
    )
    .option(
      '--keep-history <days>',
      'Maximum age in days of closed alarms and of sessions in the history (default: 365)',
      positiveNumber('days'),
    )
    .option(
      '--workers <count>',
      "Number of worker threads that process streams, or 'auto': one per processor core but one; 0 = process them in the main thread",
      orAuto(integerFrom(0, 64)),
      0,
    )
    .option('--webhook <url>', 'Send each alarm event to this URL as an HTTP POST request with a JSON body');
  const command = withLimits(withRecording(described))
    .addHelpText('after', '\nExample:\n  tapline serve --demo')
    .action(
      async ({
        host,
        port,
        origin,
        demo: withDemo,
        state,
        network = [],
        learn = [],
        networkInput,
        powerLine = defaultPowerLine(),
        workers,
        ...rest
      }) => {
        const signal = stopSignal();
        const { falseAlarms = withDemo ? '6/hour' : '1/month', reference, alarmLog, webhook, keepHistory } = rest;
        const server = await listening({
          ...limitsOf(rest),
          host,
          port,
          origins: origin,
          powerLine,
          workers,
          recording: recordingOf(rest, state),
          history: { days: keepHistory },
          feed: await feedsWith(network, networkInput),
          learners: await readLearners(learn),
          statePath: state === false ? undefined : state,
          alarms: { falseAlarms, reference, log: alarmLog, webhook },
        });
        announce(host, server, recordingNotice(rest, state));
        try {
          if (withDemo)
            await Promise.race([demo(server.url.replace('http', 'ws'), { powerLine, signal }), stopped(signal)]);
          await stopped(signal);
        } finally {
          await server.close();
        }
      },
    );
  deprecate(command, '--standardize', '--network-input', 'standardized');
  return command;
}

async function listening(options: ServerOptions): Promise<TaplineServer> {
  const { createServer } = await import('../server/index.ts');
  return createServer({ ...options, log: (line) => process.stderr.write(`${line}\n`) }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new UsageError(
        `port ${options.port} on ${options.host} is already in use. Choose another port with --port.`,
        { cause: error },
      );
    throw withFlags(usageOf(error));
  });
}

/** Options of a server, with the options of the command that set them. */
const flags: Readonly<Record<string, string>> = {
  statePath: '--state',
  origin: '--origin',
  webhook: '--webhook',
  'alarms.log': '--alarm-log',
  ...limitFlags,
};

/** The same error with the name of an option of the command in place of that of the server. */
function withFlags(error: UsageError): UsageError {
  const name = Object.keys(flags).find((each) => error.message.startsWith(`${each} `));
  return name === undefined ? error : new UsageError(flags[name] + error.message.slice(name.length), { cause: error });
}

/** Hosts at which only this computer can reach a server. */
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i;

/** Prints where the server can be opened, and what it records; a warning to stderr where others can reach it. */
function announce(host: string, { urls: [first, ...others] }: TaplineServer, recording: string): void {
  process.stdout.write(`Tapline is running at ${first}\n`);
  for (const address of others) process.stdout.write(`                or at ${address}\n`);
  process.stdout.write(`${recording}Press Ctrl-C to stop.\n`);
  if (loopback.test(host)) return;
  process.stderr.write(
    'Warning: anyone who can reach this computer over the network can publish, watch, and control all streams.\n' +
      'The server has no authentication and no TLS. Use it on a trusted network only, or omit --host to accept local connections only.\n',
  );
}

/**
 * Publishes two streams to a server until `signal` is aborted: the simulated headset with its ground truth, and the
 * metrics of this computer. They are sent over a WebSocket, like those of any device. A real sensor named `headset` or
 * `host` takes precedence: the simulated one waits until the name is free.
 */
export function demo(
  server: string,
  { powerLine, signal }: { powerLine: PowerLine; signal: AbortSignal },
): Promise<void> {
  const address = (stream: string) => ingestAddress(server, stream);
  const sharing: PublishOptions = { onReplaced: 'wait', waiting: logStatus };
  const { channels, rate, blocks } = hostSource();
  const host = publish(address('host'), { channels, rate, kind: 'host' }, blocks, sharing);
  return publishing(merge(publishHeadset(address, 'headset', { powerLine }, sharing), host), signal);
}

/**
 * The default feeds of a server, with networks of the user added to some streams. Each network is one more feature map.
 *
 * @param given one `<stream>=<file>` per network
 * @param input the signal that the networks read
 */
export async function feedsWith(given: readonly string[], input: MapSpec['on']): Promise<FeedDesigner> {
  const served = await Promise.all(given.map(readServed));
  return (info, targets) => {
    const feed = defaultFeed(info, targets);
    const own = served.filter(({ stream }) => stream === info.name);
    const maps = own.map(({ name, network }): MapSpec => {
      return { name, network, on: input, labels: labelsOf(network, info.channels) };
    });
    return { ...feed, maps: [...feed.maps, ...maps] };
  };
}

async function readServed(text: string): Promise<{ stream: string; name: string; network: Network }> {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1)
    throw new UsageError(`--network must be <stream>=<file>, such as headset=weights.safetensors, got '${text}'`);
  const path = text.slice(at + 1);
  return { stream: text.slice(0, at), name: basename(path), network: await readNetwork(path) };
}

/** The labels of the stream's channels if there are as many outputs as channels, else numbered labels. */
function labelsOf({ outChannels }: Network, channels: readonly FeedChannel[]): string[] {
  if (channels.length === outChannels) return channels.map(({ label }) => label);
  return Array.from({ length: outChannels }, (_, i) => `map ${i + 1}`);
}
