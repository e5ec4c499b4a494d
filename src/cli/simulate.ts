import { Argument, Command } from '@commander-js/extra-typings';
import { publish } from '../sources/index.ts';
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
    .option('--stream <name>', 'Stream name (default: headset or host, or the next free one, such as headset-2)')
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
      const name = stream ?? (namesServerOnly(to) ? await freeName(to, base, { suffixes, down, signal }) : base);
      if (name === undefined) return;
      const host = () => {
        const { channels, rate: hz, blocks } = hostSource({ rate });
        return publish(address(name), { channels, rate: hz, kind: 'host' }, blocks, { down });
      };
      const events = sensor === 'host' ? host() : publishHeadset(address, name, { seed, rate, powerLine }, { down });
      let announced = false;
      await publishing(events, signal, (event) => {
        if (announced || event.type !== 'welcome') return;
        announced = true;
        process.stderr.write(`Publishing ${name} to ${address(name)}. Press Ctrl-C to stop.\n`);
      });
    });
  deprecate(command, '--mains <hz>', '--power-line');
  return command;
}
