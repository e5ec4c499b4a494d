import { Argument, Command } from '@commander-js/extra-typings';
import { publish, type PublishOptions } from '../sources/index.ts';
import { hostSource } from '../sources/node/index.ts';
import { defaultServer, ingestAddress, namesServerOnly } from './address.ts';
import { freeName } from './free-name.ts';
import { publishHeadset } from './headset.ts';
import { deprecate, integerFrom, positiveNumber } from './options.ts';
import { defaultPowerLine, type PowerLine, powerLineOption } from './power-line.ts';
import { outageNotice, publishing } from './publishing.ts';
import { stopSignal } from './stop-signal.ts';

type SimulateOptions = {
  to: string;
  stream?: string;
  seed: number;
  rate?: number;
  powerLine?: PowerLine;
};

/** `tapline simulate`: publishes a stream without any hardware. */
export function simulateCommand(): Command<['eeg' | 'host'], SimulateOptions> {
  const command = new Command('simulate')
    .summary("Publish a simulated EEG headset or this computer's metrics")
    .description(
      "Publish a simulated 8-channel EEG headset and its ground truth (as <stream>.alpha), or this computer's metrics.",
    )
    .addArgument(
      new Argument('[sensor]', 'Sensor to publish').choices(['eeg', 'host'] as const).default('eeg' as const),
    )
    .option('--to <url>', 'Server address', defaultServer)
    .option('--stream <name>', 'Stream name (default: headset or host, or the next free name, such as headset-2)')
    .option('--seed <integer>', 'Random seed of the simulated headset', integerFrom(0, 2 ** 32 - 1), 1)
    .option('--rate <hz>', 'Sampling rate in Hz (default: 250 for eeg, 10 for host)', positiveNumber('Hz'))
    .addOption(powerLineOption('Frequency of the simulated power-line noise'))
    .addHelpText('after', '\nExample:\n  tapline simulate eeg --to ws://127.0.0.1:8080 --seed 7')
    .action(async (sensor, { to, stream, seed, rate, powerLine = defaultPowerLine() }) => {
      const signal = stopSignal();
      const address = (of: string) => ingestAddress(to, of);
      const base = sensor === 'eeg' ? 'headset' : 'host';
      const down = outageNotice(address(stream ?? base));
      const suffixes = sensor === 'eeg' ? ['.alpha'] : [];
      /** Publishes under `name` until Ctrl-C; with `waiting`, never in the place of another sensor. */
      const publishAs = (name: string, options: PublishOptions, until: AbortSignal) => {
        const host = () => {
          const { channels, rate: hz, blocks } = hostSource({ rate });
          return publish(address(name), { channels, rate: hz, kind: 'host' }, blocks, options);
        };
        const events = sensor === 'host' ? host() : publishHeadset(address, name, { seed, rate, powerLine }, options);
        let announced = false;
        return publishing(events, until, (event) => {
          if (announced || event.type !== 'welcome') return;
          announced = true;
          process.stderr.write(`Publishing ${name} to ${address(name)}. Press Ctrl-C to stop.\n`);
        });
      };
      if (stream !== undefined || !namesServerOnly(to)) {
        await publishAs(stream ?? base, { down }, signal);
        return;
      }
      // a name that was chosen is given up for another one when another sensor takes it
      for (let taken = true; taken && !signal.aborted;) {
        const name = await freeName(to, base, { suffixes, down, signal });
        if (name === undefined) return;
        const lost = new AbortController();
        const waiting = () => lost.abort();
        await publishAs(name, { down, onReplaced: 'wait', waiting }, AbortSignal.any([signal, lost.signal]));
        taken = lost.signal.aborted;
      }
    });
  deprecate(command, '--mains <hz>', '--power-line');
  return command;
}
