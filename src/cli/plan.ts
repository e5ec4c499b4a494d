import { Command } from '@commander-js/extra-typings';
import { plan, type LayerPlan, type Plan } from '../core/network/plan.ts';
import { sum } from '../core/sum.ts';
import { counted } from './amounts.ts';
import { asUsage } from './failure.ts';
import { networkFormats, readNetwork } from './network-file.ts';
import { positiveNumber } from './options.ts';
import { textTable } from './text-table.ts';

/** `tapline plan`: prints the cost and the delay of a network. */
export function planCommand(): Command<[string], { rate?: number; json?: true }> {
  return new Command('plan')
    .summary("Show a network's cost and delay")
    .description('Show the receptive field, delay, computation, and memory of a network and each of its layers.')
    .argument('<network>', networkFormats)
    .option(
      '--rate <hz>',
      'Sampling rate of the input in Hz (default: none; delays are in frames only)',
      positiveNumber('Hz'),
    )
    .option('--json', 'Print the plan as JSON')
    .addHelpText('after', `${columnsHelp}\nExample:\n  tapline plan network.json --rate 250`)
    .action(async (path, { rate = 0, json }) => {
      const { spec } = await readNetwork(path);
      const planned = asUsage(() => plan(spec, rate), path);
      process.stdout.write(json ? `${JSON.stringify(planned, null, 2)}\n` : planText(planned));
    });
}

/** The columns of the table, for the help of the command. */
const columnsHelp = `
Output columns:
  stride           Input frames per output
  receptive field  Input frames that one output depends on
  group delay      Delay of the output relative to the center of its taps
  wait             Input frames before the first output
  MAC/s            Multiply-adds per second
  bytes            Memory for the weights and one stream
`;

const head = [
  'layer',
  'type',
  'channels',
  'stride',
  'output rate',
  'receptive field',
  'group delay',
  'wait',
  'MAC/s',
  'bytes',
];

/** A plan as text: one line per layer, then the total. */
function planText(planned: Plan): string {
  const total = [
    'total',
    '',
    `${planned.inChannels} → ${planned.outChannels}`,
    String(planned.stride),
    hertz(planned.outRate),
    counted(planned.receptiveField, 'frame'),
    delay(planned.groupDelay),
    counted(planned.wait, 'frame'),
    perSecond(planned.macsPerSecond, planned.rate),
    grouped(planned.bytes),
  ];
  const table = textTable([head, ...planned.layers.map(rowOf), total], 'left');
  return `${table}\n${memory(planned)}\n${eager(planned)}\n${fft(planned)}\n`;
}

function rowOf(layer: LayerPlan): string[] {
  return [
    String(layer.index),
    layer.type,
    `${layer.inChannels} → ${layer.outChannels}`,
    String(layer.stride),
    hertz(layer.rate),
    counted(layer.receptiveField, 'frame'),
    delay(layer.groupDelay),
    counted(layer.wait, 'frame'),
    perSecond(layer.macsPerSecond, layer.rate),
    grouped(layer.bytes),
  ];
}

function memory({ weightBytes, streamBytes, learningBytes }: Plan): string {
  const [weights, stream, learning] = [weightBytes, streamBytes, learningBytes].map(grouped);
  return `Memory: ${weights} bytes for weights; ${stream} bytes per stream, ${learning} bytes when learning.`;
}

function eager({ layers }: Plan): string {
  const [remaining, all] = [sum(layers, ({ eagerMacs }) => eagerMacs), sum(layers, ({ macs }) => macs)];
  return `Eager mode: ${grouped(remaining)} of ${grouped(all)} multiply-adds remain when a frame arrives.`;
}

function fft({ layers, fftBytes }: Plan): string {
  const faster = layers.filter(({ fftFrom }) => fftFrom !== undefined);
  if (faster.length === 0) return 'FFT: not faster for any layer.';
  const from = faster.map(({ index, fftFrom }) => `layer ${index} from ${grouped(fftFrom!)} outputs per block`);
  return `FFT: faster for ${from.join(', ')}; uses ${grouped(fftBytes)} bytes per stream.`;
}

function hertz(rate: number): string {
  return rate > 0 ? `${Number(rate.toPrecision(6))} Hz` : '-';
}

function delay({ frames, ms }: Plan['groupDelay']): string {
  return Number.isNaN(ms) ? counted(frames, 'frame') : `${counted(frames, 'frame')}, ${Number(ms.toPrecision(4))} ms`;
}

function perSecond(count: number, rate: number): string {
  return rate > 0 ? grouped(Math.round(count)) : '-';
}

/** An integer with thousands separators. */
function grouped(count: number): string {
  return count.toLocaleString('en');
}
