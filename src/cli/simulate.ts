import { Argument, Command, Option } from '@commander-js/extra-typings';
import { publish } from '../sources/index.ts';
import { hostSource } from '../sources/node/index.ts';
import { defaultServer, ingestAddress } from './address.ts';
import { publishHeadset } from './headset.ts';
import { integerFrom, positiveNumber } from './option-values.ts';
import { awayNotice, publishing } from './publishing.ts';
import { stopSignal } from './stop-signal.ts';

type SimulateOptions = {
  to: string;
  stream?: string;
  seed: number;
  rate?: number;
  mains: '50' | '60';
};

/** `tapline simulate`: a sensor that everybody has. */
export function simulateCommand(): Command<['eeg' | 'host'], SimulateOptions> {
  return new Command('simulate')
    .summary('a sensor that everybody has: a simulated headset, or this computer')
    .description(
      'Publish a simulated 8-channel EEG headset with its truth (as <stream>.alpha), or the live telemetry of this computer.',
    )
    .addArgument(new Argument('[sensor]', 'which one').choices(['eeg', 'host'] as const).default('eeg' as const))
    .option('--to <address>', 'the server', defaultServer)
    .option('--stream <name>', "the stream's name; default: headset or host")
    .option('--seed <integer>', 'seed of the headset', integerFrom(0, 2 ** 32 - 1), 1)
    .option('--rate <hz>', 'frames a second; default: 250, host 10', positiveNumber('Hz'))
    .addOption(
      new Option('--mains <hz>', 'mains hum of the headset').choices(['50', '60'] as const).default('50' as const),
    )
    .addHelpText('after', '\nExample:\n  tapline simulate eeg --to ws://127.0.0.1:8080 --seed 7')
    .action(async (sensor, { to, stream, seed, rate, mains }) => {
      const signal = stopSignal();
      const name = stream ?? (sensor === 'eeg' ? 'headset' : 'host');
      const address = (of: string) => ingestAddress(to, of);
      const down = awayNotice(address(name));
      const host = () => {
        const { channels, rate: hz, blocks } = hostSource({ rate });
        return publish(address(name), { channels, rate: hz, kind: 'host' }, blocks, { down });
      };
      const events =
        sensor === 'host'
          ? host()
          : publishHeadset(address, name, { seed, rate, mains: mains === '60' ? 60 : 50 }, { down });
      let told = false;
      await publishing(events, signal, (event) => {
        if (told || event.type !== 'welcome') return;
        told = true;
        process.stderr.write(`publishing to ${address(name)}; Ctrl-C stops\n`);
      });
    });
}
