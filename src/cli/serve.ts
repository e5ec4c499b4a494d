import { Command, Option } from '@commander-js/extra-typings';
import type { FalseAlarms } from '../core/detector/alarm-budget.ts';
import type { ServerOptions, TaplineServer } from '../server/index.ts';
import { demo } from './demo.ts';
import { UsageError, usageOf } from './failure.ts';
import { collect, deprecate, falseAlarmsOption, integerFrom, referenceOption } from './options.ts';
import { defaultPowerLine, powerLineOption, type PowerLine } from './power-line.ts';
import { feedsWith } from './served-networks.ts';
import { stopped, stopSignal } from './stop-signal.ts';

type ServeOptions = {
  host: string;
  port: number;
  origin?: string[];
  demo?: true;
  state: string | false;
  network?: string[];
  networkInput: 'raw' | 'standardized';
  falseAlarms?: FalseAlarms;
  reference?: number;
  powerLine?: PowerLine;
  alarmLog?: string;
  webhook?: string;
};

/** `tapline serve`: the server and its dashboard. */
export function serveCommand(): Command<[], ServeOptions> {
  const command = new Command('serve')
    .summary('Start the server and the dashboard')
    .description(
      'Start the server and the dashboard. Devices publish to /ingest/<stream>; the dashboard shows streams, feature maps, learners, and alarms.',
    )
    .option('--host <address>', 'Address to listen on; 0.0.0.0 listens on all network interfaces', '127.0.0.1')
    .option('--port <number>', 'Port to listen on; 0 picks a free port', integerFrom(0, 65535), 8080)
    .option(
      '--origin <url>',
      'Allow web pages of this origin to connect (repeatable), such as https://dashboard.example',
      collect,
    )
    .option('--demo', "Publish two streams: a simulated EEG headset and this computer's metrics")
    .option('--state <directory>', 'Directory for learned weights, alarms, and the alarm log', '.tapline')
    .option('--no-state', 'Do not save weights, alarms, or the alarm log')
    .option(
      '--network <stream=file>',
      'Run a network (.json or .safetensors) on a stream and show its feature maps (repeatable)',
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
    .option('--webhook <url>', 'Send each alarm event to this URL as an HTTP POST request with a JSON body')
    .addHelpText('after', '\nExample:\n  tapline serve --demo')
    .action(
      async ({
        host,
        port,
        origin,
        demo: withDemo,
        state,
        network = [],
        networkInput,
        powerLine = defaultPowerLine(),
        ...alarms
      }) => {
        const signal = stopSignal();
        const { falseAlarms = withDemo ? '6/hour' : '1/month', reference, alarmLog, webhook } = alarms;
        const server = await listening({
          host,
          port,
          origins: origin,
          powerLine,
          feed: await feedsWith(network, networkInput),
          statePath: state === false ? undefined : state,
          alarms: { falseAlarms, reference, log: alarmLog, webhook },
        });
        announce(host, server);
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
};

/** The same error with the name of an option of the command in place of that of the server. */
function withFlags(error: UsageError): UsageError {
  const name = Object.keys(flags).find((each) => error.message.startsWith(`${each} `));
  return name === undefined ? error : new UsageError(flags[name] + error.message.slice(name.length), { cause: error });
}

/** Hosts at which only this computer can reach a server. */
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i;

/** Prints where the server can be opened; a warning to stderr where others can reach it. */
function announce(host: string, { urls: [first, ...others] }: TaplineServer): void {
  process.stdout.write(`Tapline is running at ${first}\n`);
  for (const address of others) process.stdout.write(`                or at ${address}\n`);
  process.stdout.write('Press Ctrl-C to stop.\n');
  if (loopback.test(host)) return;
  process.stderr.write(
    'Warning: anyone who can reach this computer over the network can publish, watch, and control all streams.\n' +
      'The server has no passwords and no TLS. Use it on a trusted network only, or omit --host to accept local connections only.\n',
  );
}
