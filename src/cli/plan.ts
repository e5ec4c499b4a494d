import { Command } from '@commander-js/extra-typings';
import { plan, type LayerPlan, type Plan } from '../core/network/plan.ts';
import { sum } from '../core/sum.ts';
import { readNetwork } from './network-file.ts';
import { positiveNumber } from './option-values.ts';
import { asUsage } from './failure.ts';

/** `tapline plan NETWORK --rate HZ`: what a network will cost and how late it will be. */
export function planCommand(): Command<[string], { rate?: number; json?: true }> {
  return new Command('plan')
    .summary('what a network will cost and how late it will be')
    .description('Tell what a network will cost and how late it will be, before a sample flows.')
    .argument('<network>', 'a .json spec or a .safetensors file')
    .option('--rate <hz>', 'frames a second of its input; left out: delays in frames only', positiveNumber('Hz'))
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  tapline plan network.json --rate 250')
    .action(async (path, { rate = 0, json }) => {
      const { spec } = await readNetwork(path);
      const planned = asUsage(() => plan(spec, rate), path);
      process.stdout.write(json ? `${JSON.stringify(planned, null, 2)}\n` : planTable(planned));
    });
}

/** A plan as text: a line a layer, then the whole. */
function planTable(planned: Plan): string {
  const head = [
    'layer',
    'type',
    'channels',
    'stride',
    'out rate',
    'receptive field',
    'group delay',
    'wait',
    'MAC/s',
    'bytes',
  ];
  const lines = planned.layers.map((layer) => lineOf(layer));
  const whole = [
    'whole',
    '',
    `${planned.inChannels} → ${planned.outChannels}`,
    String(planned.stride),
    hertz(planned.outRate),
    frames(planned.receptiveField),
    delay(planned.groupDelay),
    frames(planned.wait),
    amount(planned.macsPerSecond, planned.rate),
    planned.bytes.toLocaleString('en'),
  ];
  const table = [head, ...lines, whole];
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column].length)));
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  return `${text.join('\n')}\n\n${memory(planned)}\n${eager(planned)}\n${fft(planned)}\n`;
}

function memory({ weightBytes, streamBytes, learningBytes }: Plan): string {
  const [weights, stream, learning] = [weightBytes, streamBytes, learningBytes].map((n) => n.toLocaleString('en'));
  return `memory: weights ${weights} bytes, and ${stream} bytes a stream, ${learning} where it learns`;
}

function eager({ layers }: Plan): string {
  const [left, all] = [sum(layers, ({ eagerMacs }) => eagerMacs), sum(layers, ({ macs }) => macs)];
  const [some, whole] = [left, all].map((n) => n.toLocaleString('en'));
  return `eager: ${some} of ${whole} multiply-adds are left when a frame arrives`;
}

function fft({ layers, fftBytes }: Plan): string {
  const worth = layers.filter(({ fftFrom }) => fftFrom !== undefined);
  if (worth.length === 0) return 'fft: no layer is worth it';
  const from = worth.map(
    ({ index, fftFrom }) => `layer ${index} from blocks of ${fftFrom!.toLocaleString('en')} outputs on`,
  );
  return `fft: ${from.join(', ')}; ${fftBytes.toLocaleString('en')} bytes a stream with it`;
}

function lineOf(layer: LayerPlan): string[] {
  return [
    String(layer.index),
    layer.type,
    `${layer.inChannels} → ${layer.outChannels}`,
    String(layer.stride),
    hertz(layer.rate),
    frames(layer.receptiveField),
    delay(layer.groupDelay),
    frames(layer.wait),
    amount(layer.macsPerSecond, layer.rate),
    layer.bytes.toLocaleString('en'),
  ];
}

function hertz(rate: number): string {
  return rate > 0 ? `${Number(rate.toPrecision(6))} Hz` : '-';
}

function frames(count: number): string {
  return `${count} ${count === 1 ? 'frame' : 'frames'}`;
}

function delay({ frames: count, ms }: Plan['groupDelay']): string {
  return Number.isNaN(ms) ? frames(count) : `${frames(count)}, ${Number(ms.toPrecision(4))} ms`;
}

function amount(perSecond: number, rate: number): string {
  return rate > 0 ? Math.round(perSecond).toLocaleString('en') : '-';
}
