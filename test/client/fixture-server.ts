import { type WebSocket, WebSocketServer } from 'ws';
import { bandPower, Learner, Network, nlms } from '../../src/index.ts';
import {
  encodeBlock,
  parseWatchRequest,
  type StreamInfo,
  type WatchRequest,
  type WatchText,
} from '../../src/protocol/index.ts';
import { EegSimulator } from '../../src/sources/index.ts';
import type { Block } from '../../src/core/blocks/block.ts';
import { serveStatic } from './static-server.ts';

/** A server that implements the viewer side of the protocol, with a simulated headset and host, both with learners. */
export interface FixtureServer {
  readonly url: string;
  /** All requests of viewers. */
  readonly requests: WatchRequest[];
  /** Publishes this many frames of the headset, and the host's frames of the same time. */
  advance(frames: number): void;
  /** Number of frames of the headset published so far. */
  frames(): number;
  /** Publishes in real time until closed. */
  run(): void;
  /** Closes every viewer's connection. */
  drop(code: number, reason: string): void;
  /** Sends a message to every viewer. */
  broadcast(message: WatchText): void;
  /** Removes the host's stream, or adds it again. */
  setHost(present: boolean): void;
  /** Counts a rollback of the headset's learners. */
  rollback(): void;
  /** Ends the host's stream, which stays listed. */
  endHost(): void;
  close(): Promise<void>;
}

const bands = ['delta', 'theta', 'alpha', 'beta', 'gamma'];
const hostChannels = ['cpu 0', 'cpu 1', 'load', 'memory', 'disk read', 'disk write', 'net in', 'net out', 'loop delay'];
const hostUnits = ['%', '%', '', '%', 'B/s', 'B/s', 'B/s', 'B/s', 'ms'];

export async function startFixture(directory: string, time: number = Date.now()): Promise<FixtureServer> {
  const files = await serveStatic({ directory });
  const viewers = new WebSocketServer({ server: files.server, handleProtocols: () => 'tapline.v1' });
  const subscriptions = new Map<WebSocket, Map<string, number>>();
  const requests: WatchRequest[] = [];
  const simulator = new EegSimulator({ seed: 3, time });
  const labels = simulator.channels.map(({ label }) => label);
  const power = bandPower({ channels: 8, rate: 250 });
  const powerStream = power.stream();
  const learner = (inputs: number, outputs: number, taps: number, scale: number): Learner =>
    new Learner(
      Network.create(
        { inChannels: inputs, layers: [{ type: 'conv1d', outChannels: outputs, kernelSize: taps, bias: false }] },
        { seed: 5 },
      ),
      { task: scale ? 'target' : 'forecast', optimizer: nlms({ learningRate: 0.05 }) },
    );
  const follow = learner(2, 1, 64, 1);
  const forecast = learner(8, 8, 16, 0);
  const initial = [follow, forecast].map(kernelOf);
  const learning = [true, true];
  const steps = [0.05, 0.05];
  let maps = 0;
  let hostFrames = 0;
  let hostPresent = true;
  let hostLive = true;
  let rollbacks = 0;
  let frames = 0;
  let timer: NodeJS.Timeout | undefined;

  const streams = (): StreamInfo[] => [
    ...(hostPresent ? [{ ...hostInfo(), live: hostLive }] : []),
    {
      name: 'eeg',
      kind: 'eeg',
      channels: simulator.channels.map(({ label, unit }) => ({ label, unit: unit ?? '' })),
      rate: 250,
      run: 0,
      next: frames,
      live: true,
      maps: [
        {
          index: 0,
          name: 'band power',
          labels: bands.flatMap((band) => labels.map((label) => `${band} ${label}`)),
          rate: 10,
          unit: 'dB',
          warmUp: 10,
          groupDelay: 260,
        },
      ],
      learners: [
        {
          index: 0,
          name: 'forecast',
          task: 'forecast',
          learning: learning[0],
          learningRate: steps[0],
          channels: labels,
          outputs: labels,
          taps: 16,
          rate: 250,
        },
        {
          index: 1,
          name: 'alpha',
          task: 'target',
          learning: learning[1],
          learningRate: steps[1],
          channels: labels.slice(-2),
          outputs: ['alpha'],
          taps: 64,
          rate: 250,
        },
      ],
    },
    {
      name: 'alpha',
      for: 'eeg',
      channels: [{ label: 'alpha', unit: 'µV' }],
      rate: 250,
      run: 0,
      next: frames,
      live: true,
      maps: [],
      learners: [],
    },
  ];
  const broadcast = (message: object): void => {
    for (const viewer of viewers.clients) viewer.send(JSON.stringify(message));
  };
  const send = (stream: string, write: (id: number) => string | Uint8Array): void => {
    for (const [viewer, ids] of subscriptions) {
      const id = ids.get(stream);
      if (id !== undefined) viewer.send(write(id));
    }
  };
  const advance = (count: number): void => {
    const { eeg, alpha, events } = simulator.next(count);
    frames += count;
    send('eeg', (id) => encodeBlock(eeg, { kind: 'samples', id }));
    for (const { at, label, frames: length } of events)
      send('eeg', (id) => JSON.stringify({ type: 'mark', id, at, label, frames: length }));
    const rows = powerStream.push(eeg.data);
    const outputs = rows.length / 40;
    const features = {
      data: rows,
      channels: 40,
      start: maps,
      rate: 10,
      time: time + maps * 100,
      valid: powerStream.valid.slice(),
    };
    maps += outputs;
    if (outputs > 0) send('eeg', (id) => encodeBlock(features, { kind: 'features', id }));
    const occipitalBlock = occipital(eeg);
    follow.teach(alpha);
    const scores = [forecast.push(eeg).score, follow.push(occipitalBlock).score];
    scores.forEach((score, index) => {
      const { nmse, skill, persistence } = score;
      const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
      send('eeg', (id) =>
        JSON.stringify({
          type: 'loss',
          id,
          learner: index,
          at: frames,
          nmse: finiteOrNull(nmse),
          skill: finiteOrNull(skill),
          persistence: finiteOrNull(persistence),
          rms: null,
          rollbacks,
        }),
      );
    });
    [forecast, follow].forEach((learner, index) => {
      const kernel = kernelOf(learner);
      send('eeg', (id) =>
        JSON.stringify({ type: 'kernels', id, learner: index, at: frames, ...kernel, start: initial[1 - index].data }),
      );
    });
    if (hostPresent) advanceHost();
    const health = (name: string, rate: number) => ({ name, rate, lag: 12, received: frames, gaps: 0, invalid: 0 });
    broadcast({ type: 'health', streams: [health('eeg', 250.1), health('host', 9.98), health('alpha', 250.1)] });
  };
  const advanceHost = (): void => {
    const until = Math.floor(frames / 25);
    const rows: number[] = [];
    const start = hostFrames;
    for (; hostFrames < until; hostFrames++) rows.push(...hostFrame(hostFrames));
    if (rows.length === 0) return;
    const block = { data: Float32Array.from(rows), channels: 9, start, rate: 10, time: time + start * 100 };
    send('host', (id) => encodeBlock(block, { kind: 'samples', id }));
    const wave = Array.from({ length: 18 }, (_, row) => Math.sin(hostFrames / (5 + row)));
    const features = {
      data: Float32Array.from(wave),
      channels: 18,
      start: hostFrames - 1,
      rate: 10,
      time: time + (hostFrames - 1) * 100,
    };
    send('host', (id) => encodeBlock(features, { kind: 'features', id }));
    const skill = 0.6 - 0.5 * Math.exp(-hostFrames / 40);
    send('host', (id) =>
      JSON.stringify({ type: 'loss', id, learner: 0, at: hostFrames, nmse: 0.4, skill, persistence: 1, rms: 1 }),
    );
    const data = Array.from({ length: 72 }, (_, tap) => Math.sin(tap) / (1 + tap));
    send('host', (id) => JSON.stringify({ type: 'kernels', id, learner: 0, at: hostFrames, shape: [1, 8, 9], data }));
  };

  viewers.on('connection', (viewer) => {
    subscriptions.set(viewer, new Map());
    viewer.on('close', () => subscriptions.delete(viewer));
    viewer.on('message', (message, binary) => {
      const request = parseWatchRequest(binary ? new Uint8Array(0) : (message as Buffer).toString());
      requests.push(request);
      const ids = subscriptions.get(viewer);
      if (request.type === 'subscribe') {
        ids?.set(request.stream, request.id);
        viewer.send(
          JSON.stringify({ type: 'subscribed', id: request.id, stream: request.stream, run: 0, next: frames }),
        );
      } else if (request.type === 'unsubscribe') {
        for (const [stream, id] of ids ?? []) if (id === request.id) ids?.delete(stream);
      } else if (request.type === 'learning') {
        learning[request.learner] = request.on ?? learning[request.learner];
        steps[request.learner] = request.learningRate ?? steps[request.learner];
        broadcast({ type: 'streams', streams: streams() });
      }
    });
    viewer.send(JSON.stringify({ type: 'streams', streams: streams() }));
  });

  return {
    url: files.url,
    requests,
    advance,
    run: () => {
      timer = setInterval(() => {
        while (frames < ((Date.now() - time) / 1000) * 250) advance(10);
      }, 40);
    },
    drop: (code, reason) => viewers.clients.forEach((viewer) => viewer.close(code, reason)),
    broadcast,
    frames: () => frames,
    setHost: (present) => {
      hostPresent = present;
      broadcast({ type: 'streams', streams: streams() });
    },
    rollback(): void {
      rollbacks++;
    },
    endHost(): void {
      hostLive = false;
      broadcast({ type: 'streams', streams: streams() });
    },
    close: async () => {
      clearInterval(timer);
      viewers.clients.forEach((viewer) => viewer.terminate());
      viewers.close();
      await files.close();
    },
  };
}

function hostInfo(): StreamInfo {
  return {
    name: 'host',
    kind: 'host',
    channels: hostChannels.map((label, at) => ({ label, unit: hostUnits[at] })),
    rate: 10,
    run: 0,
    next: 0,
    live: true,
    maps: [
      {
        index: 0,
        name: 'trend and change',
        labels: ['trend', 'change'].flatMap((what) => hostChannels.map((label) => `${what} ${label}`)),
        rate: 10,
        warmUp: 5,
        groupDelay: 400,
      },
    ],
    learners: [
      {
        index: 0,
        name: 'forecast',
        task: 'forecast',
        learning: true,
        learningRate: 0.05,
        channels: hostChannels,
        outputs: ['cpu 0'],
        taps: 8,
        rate: 10,
      },
    ],
  };
}

function hostFrame(index: number): number[] {
  const wave = (period: number): number => 0.5 + 0.5 * Math.sin((index * 2 * Math.PI) / period + period);
  return [
    12 + 30 * wave(37) * wave(11),
    8 + 20 * wave(23) * wave(7),
    0.4 + 0.3 * wave(210),
    41 + wave(300),
    index % 40 < 4 ? 2.4e6 : 0,
    3e5 * wave(31) ** 8,
    12_000 * wave(17),
    4_000 * wave(13),
    0.2 + 2 * wave(19) ** 12,
  ];
}

function occipital(eeg: Block): Block {
  const frames = eeg.data.length / 8;
  const data = Float32Array.from({ length: 2 * frames }, (_, i) => eeg.data[(i >> 1) * 8 + 6 + (i & 1)]);
  return { ...eeg, data, channels: 2 };
}

function kernelOf(learner: Learner): { shape: number[]; data: number[] } {
  const { shape, data } = learner.network.weights()['layers.0.weight'];
  return { shape, data: Array.from(data) };
}
