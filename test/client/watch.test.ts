import { Subject, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watch, type Watched, type WatchOptions } from '../../client/watch.ts';
import type { AlarmControl } from '../../src/protocol/index.ts';
import { type FixtureServer, startFixture } from './fixture-server.ts';

let server: FixtureServer;
let subscription: Subscription | undefined;
let messages: Watched[];
let failure: unknown;

function start(options: WatchOptions = {}): void {
  subscription = watch(`${server.url}watch`, options).subscribe({
    next: (message) => messages.push(message),
    error: (error: unknown) => (failure = error),
  });
}

const subscribed = (): string[] =>
  server.requests.flatMap((request) => (request.type === 'subscribe' ? [request.stream] : []));
const holds = (seen: () => boolean): Promise<void> =>
  expect.poll(() => (server.advance(25), seen()), { interval: 10, timeout: 10_000 }).toBe(true);

beforeEach(async () => {
  messages = [];
  failure = undefined;
  server = await startFixture('.', 0);
});
afterEach(async () => {
  subscription?.unsubscribe();
  await server.close();
});

describe('watch', () => {
  test('without anything to watch brings the list and the health of the streams, and asks for nothing', async () => {
    start();
    await holds(() => messages.some(({ type }) => type === 'health'));
    expect(messages.slice(0, 2).map(({ type }) => type)).toEqual(['connection', 'streams']);
    expect(server.requests).toEqual([]);
  });

  test('of one stream brings its blocks, named', async () => {
    start({ stream: 'eeg', what: ['raw'] });
    await holds(() => messages.some(({ type }) => type === 'block'));
    const block = messages.find((message) => message.type === 'block');
    expect(block?.stream).toBe('eeg');
    expect(block?.block.channels).toBe(8);
    expect(subscribed()).toEqual(['eeg']);
  });

  test('of every stream subscribes to those that come later too', async () => {
    server.setHost(false);
    start({ what: ['raw'] });
    await holds(() => subscribed().length === 2);
    server.setHost(true);
    await holds(() => messages.some((message) => message.type === 'block' && message.stream === 'host'));
    expect(subscribed()).toEqual(['eeg', 'alpha', 'host']);
  });

  test('of streams that change unsubscribes from what is no longer wanted', async () => {
    const streams = new Subject<string[]>();
    start({ streams, what: ['raw'] });
    await holds(() => messages.some(({ type }) => type === 'streams'));
    streams.next(['eeg', 'nowhere']);
    await holds(() => subscribed().length === 1);
    streams.next(['host']);
    await holds(() => server.requests.length === 3);
    expect(server.requests.map(({ type }) => type)).toEqual(['subscribe', 'unsubscribe', 'subscribe']);
    expect(subscribed()).toEqual(['eeg', 'host']);
  });

  test('connects again and subscribes anew when the connection breaks, and tells of both', async () => {
    start({ stream: 'eeg', what: ['raw'] });
    await holds(() => subscribed().length === 1);
    server.drop(4008, 'too slow');
    await holds(() => subscribed().length === 2);
    const connections = messages.filter((message) => message.type === 'connection');
    expect(connections.map(({ open }) => open)).toEqual([true, false, true]);
    expect(connections[1]).toMatchObject({ sentence: 'too slow' });
  });

  test('fails with the sentence of a server that refuses for good', async () => {
    start();
    await holds(() => messages.length > 0);
    server.drop(4503, 'origin refused: start the server with --origin');
    await holds(() => failure !== undefined);
    expect((failure as Error).message).toBe('origin refused: start the server with --origin');
  });

  test('asks for alarms with each connection, and sends what is to be done with them', async () => {
    const deeds = new Subject<AlarmControl>();
    start({ alarms: true, actions: deeds });
    await holds(() => server.requests.length === 1);
    server.drop(4008, 'too slow');
    await holds(() => server.requests.length === 2);
    deeds.next({ type: 'alarm', alarm: 3, do: 'acknowledge' });
    await holds(() => server.requests.length === 3);
    expect(server.requests).toEqual([
      { type: 'alarms', on: true },
      { type: 'alarms', on: true },
      { type: 'alarm', alarm: 3, do: 'acknowledge' },
    ]);
  });

  test('sends what learners are to do', async () => {
    const learning = new Subject<{ stream: string; learner: number; on: boolean }>();
    start({ learning });
    await holds(() => messages.length > 0);
    learning.next({ stream: 'eeg', learner: 0, on: false });
    await holds(() => server.requests.length > 0);
    expect(server.requests).toEqual([{ type: 'learning', stream: 'eeg', learner: 0, on: false }]);
  });
});
