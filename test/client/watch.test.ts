import { Subject, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watch, type Watched, type WatchOptions } from '../../client/watch.ts';
import type { AlarmRequest } from '../../src/protocol/index.ts';
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
/** Publishes frames until `condition` is true. */
const until = (condition: () => boolean): Promise<void> =>
  expect.poll(() => (server.advance(25), condition()), { interval: 10, timeout: 10_000 }).toBe(true);

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
  test('emits the list and the health of the streams, and sends no request by default', async () => {
    start();
    await until(() => messages.some(({ type }) => type === 'health'));
    expect(messages.slice(0, 2).map(({ type }) => type)).toEqual(['connection', 'streams']);
    expect(server.requests).toEqual([]);
  });

  test('emits the blocks of one stream with its name', async () => {
    start({ stream: 'eeg', what: ['raw'] });
    await until(() => messages.some(({ type }) => type === 'block'));
    const block = messages.find((message) => message.type === 'block');
    expect(block?.stream).toBe('eeg');
    expect(block?.block.channels).toBe(8);
    expect(subscribed()).toEqual(['eeg']);
  });

  test('also subscribes to streams that appear later when watching all streams', async () => {
    server.setHost(false);
    start({ what: ['raw'] });
    await until(() => subscribed().length === 2);
    server.setHost(true);
    await until(() => messages.some((message) => message.type === 'block' && message.stream === 'host'));
    expect(subscribed()).toEqual(['eeg', 'alpha', 'host']);
  });

  test('unsubscribes from streams that are no longer in the list', async () => {
    const streams = new Subject<string[]>();
    start({ streams, what: ['raw'] });
    await until(() => messages.some(({ type }) => type === 'streams'));
    streams.next(['eeg', 'nowhere']);
    await until(() => subscribed().length === 1);
    streams.next(['host']);
    await until(() => server.requests.length === 3);
    expect(server.requests.map(({ type }) => type)).toEqual(['subscribe', 'unsubscribe', 'subscribe']);
    expect(subscribed()).toEqual(['eeg', 'host']);
  });

  test('reconnects and subscribes again when the connection is lost, and reports both', async () => {
    start({ stream: 'eeg', what: ['raw'] });
    await until(() => subscribed().length === 1);
    server.drop(4008, 'too slow');
    await until(() => subscribed().length === 2);
    const connections = messages.filter((message) => message.type === 'connection');
    expect(connections.map(({ open }) => open)).toEqual([true, false, true]);
    expect(connections[1]).toMatchObject({ reason: 'too slow' });
  });

  test('fails with the close reason if the server rejects it permanently', async () => {
    start();
    await until(() => messages.length > 0);
    server.drop(4503, 'origin refused: start the server with --origin');
    await until(() => failure !== undefined);
    expect((failure as Error).message).toBe('origin refused: start the server with --origin');
  });

  test('requests alarms after each connect, and sends actions on them', async () => {
    const actions = new Subject<AlarmRequest>();
    start({ alarms: true, actions });
    await until(() => server.requests.length === 1);
    server.drop(4008, 'too slow');
    await until(() => server.requests.length === 2);
    actions.next({ type: 'alarm', alarm: 3, do: 'acknowledge' });
    await until(() => server.requests.length === 3);
    expect(server.requests).toEqual([
      { type: 'alarms', on: true },
      { type: 'alarms', on: true },
      { type: 'alarm', alarm: 3, do: 'acknowledge' },
    ]);
  });

  test('sends changes to learners', async () => {
    const learning = new Subject<{ stream: string; learner: number; on: boolean }>();
    start({ learning });
    await until(() => messages.length > 0);
    learning.next({ stream: 'eeg', learner: 0, on: false });
    await until(() => server.requests.length > 0);
    expect(server.requests).toEqual([{ type: 'learning', stream: 'eeg', learner: 0, on: false }]);
  });
});
