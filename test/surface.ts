/** The public types that users depend on. This file must compile against the packed package. */
import {
  block,
  convolve,
  correlate,
  Detector,
  fromTorch,
  Network,
  pad,
  Pipeline,
  plan,
  registerLayer,
  sgd,
  toTorch,
  type Alarm,
  type Block,
  type ChannelFault,
  type Detected,
  type ErrorStats,
  type Lasting,
  type NetworkSpec,
  type NetworkStream,
  type Plan,
  type Refusal,
  type SkipReason,
  type Standing,
  type Weights,
} from 'tapline';
import { FeatureMap, SignalPlot, watch } from 'tapline/client';
import {
  brainvisionReader,
  csvReader,
  csvWriter,
  edfReader,
  gdfReader,
  openbciReader,
  readRecording,
  recordingReader,
  wfdbReader,
  xdfReader,
  type CsvWriter,
  type ReadOptions,
  type Recording,
  type RecordingReader,
} from 'tapline/formats';
import * as operators from 'tapline/operators';
import { createServer } from 'tapline/server';
import { EegSimulator, eegSource } from 'tapline/sources';
import { hostSource } from 'tapline/sources/node';
import { verifyOperator } from 'tapline/testing';
import type { Observable, OperatorFunction } from 'rxjs';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(_equal: Equal<A, B>): void => undefined;

const spec: NetworkSpec = {
  inChannels: 2,
  layers: [
    { type: 'conv1d', outChannels: 1, kernelSize: 3, stride: 2, mode: 'same', padding: 'edge' },
    { type: 'relu' },
  ],
};
export const whole: Float64Array = convolve([1, 2, 3], [1, 1], { mode: 'same', stride: 1 });
export const correlated: Float64Array = correlate(new Float32Array(3), [1]);
export const padded: Float64Array = pad([1, 2], 3, 'mean', { statLength: 2 });
export const planned: Plan = plan(spec, 250);
export const network: Network = Network.create(spec, { seed: 1 });
export const loaded: Network = Network.load(new Uint8Array(0), spec);
export const weights: Weights = fromTorch(toTorch(network.weights(), spec), spec);
network.setWeights(weights);
is<ReturnType<Network['save']>, Uint8Array>(true);

export const stream: NetworkStream = network.stream({ gradients: true, maxPending: 1024 });
export const y: Float32Array = stream.push(new Float32Array(4), new Uint8Array(2));
export const written: number = stream.pushInto(new Float32Array(2), y);
export const valid: Uint8Array = stream.valid;
export const rows: Float32Array[] = [stream.skip(3), stream.backward(y), stream.flush(), stream.flushGradient()];
export const accumulated: Weights = stream.gradients();
sgd({ learningRate: 0.01 }).step(network, stream);

export const read: Recording = readRecording('time,a\n0,1\n1,2\n');
export const writer: CsvWriter = csvWriter(read.channels);
export const readers: ((options?: ReadOptions) => RecordingReader)[] = [
  recordingReader,
  csvReader,
  edfReader,
  gdfReader,
  openbciReader,
  brainvisionReader,
  wfdbReader,
  xdfReader,
];

export const made: Block = block([1, 2], { channels: 2, rate: 250 });
export const pipeline: Pipeline = Pipeline.create({ network: spec, detect: { falseAlarms: '1/day' } });
registerLayer('surface/identity', {
  build: (_spec, channels) => ({ outChannels: channels, forward: (x, y) => y.set(x) }),
});

// deprecated names are the same types
is<Refusal, SkipReason>(true);
is<Standing, ErrorStats>(true);
is<Lasting, ChannelFault>(true);
is<operators.Down, operators.Disconnect>(true);

is<ReturnType<typeof operators.convolve>, OperatorFunction<Block, Block>>(true);
is<ReturnType<typeof operators.standardize>, OperatorFunction<Block, Block>>(true);
is<ReturnType<typeof operators.fillGaps>, OperatorFunction<Block, Block>>(true);
is<ReturnType<typeof operators.blocks>, OperatorFunction<Block, Block>>(true);
is<ReturnType<typeof operators.frames>, OperatorFunction<Block, Block>>(true);
is<ReturnType<typeof operators.fromSocket>, Observable<Block>>(true);
is<ReturnType<typeof operators.detect>, OperatorFunction<Block, Detected>>(true);
is<ReturnType<typeof operators.alarms>, OperatorFunction<Block, operators.AlarmEvent>>(true);
export const alarms = (block: Block): readonly Alarm[] =>
  new Detector(1, 4, { falseAlarms: '1/day' }).push(block).alarms;
export const learned = operators.learn(spec, { target: eegSource() });
export const both = [operators.fromSamples, operators.toSamples, verifyOperator, hostSource, EegSimulator, watch];
export const pieces = (element: HTMLElement, block: Block): void => {
  for (const piece of [
    new SignalPlot(element, { channels: ['x'], rate: 250 }),
    new FeatureMap(element, { palette: 'viridis', range: 'auto', labels: ['x'], rate: 250 }),
  ]) {
    piece.push(block);
    piece.destroy();
  }
};
export const closed: Promise<void> = createServer({ port: 0 }).then((server) => server.close());

// @ts-expect-error a layer that does not exist
export const wrong: NetworkSpec = { inChannels: 1, layers: [{ type: 'lstm' }] };
// @ts-expect-error a mode that does not exist
convolve([1], [1], { mode: 'half' });
