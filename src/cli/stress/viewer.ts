import { WebSocket } from 'ws';
import { frameCount } from '../../core/blocks/block.ts';
import { parseWatch, ProtocolError, type StreamHealth, type WatchMessage } from '../../protocol/index.ts';
import type { Processed, Viewed } from './account.ts';
import { firstWrong } from './samples.ts';

/** How a viewer behaves. */
export interface ViewerOptions {
  /** Address of the server, such as ws://127.0.0.1:8080. */
  readonly server: string;
  /** Names of the streams to subscribe to. They may be published later. */
  readonly streams: readonly string[];
  /** Milliseconds between two acknowledgments; Infinity: none are sent. Default: 50. */
  readonly ackEvery?: number;
  /** Data to subscribe to. Default: raw samples only. */
  readonly what?: readonly string[];
}

/** Counts of one subscription. */
type Counted = { -readonly [K in keyof Viewed]: Viewed[K] } & { wrong: string[]; position: number; runs: number };

/** Most errors that are kept for each stream. */
const maxWrong = 5;

/** A viewer that counts every frame of its subscriptions, and keeps the newest health of every stream. */
export class Viewer {
  readonly socket: WebSocket;
  readonly health: Map<string, StreamHealth> = new Map<string, StreamHealth>();
  /** Close code, once the connection has ended. */
  closed: number | undefined;
  /** Errors from the server. */
  readonly errors: string[] = [];
  readonly #wanted: Set<string>;
  readonly #what: readonly string[];
  readonly #views = new Map<number, Counted>();
  #received = 0;
  #ids = 0;
  readonly #waiting = new Set<() => void>();
  readonly #acks: NodeJS.Timeout | undefined;

  constructor({ server, streams, ackEvery = 50, what = ['raw'] }: ViewerOptions) {
    this.#wanted = new Set(streams);
    this.#what = what;
    this.socket = new WebSocket(`${server}/watch`, 'tapline.v1');
    this.socket.on('message', (data: Buffer, binary: boolean) => {
      this.#received++;
      this.#read(binary ? data : data.toString());
      for (const wake of this.#waiting) wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', (code: number) => {
      this.closed = code;
      clearInterval(this.#acks);
      for (const wake of this.#waiting) wake();
    });
    let acknowledged = 0;
    if (ackEvery < Infinity)
      this.#acks = setInterval(() => {
        if (acknowledged === this.#received || this.socket.readyState !== WebSocket.OPEN) return;
        acknowledged = this.#received;
        this.send({ type: 'ack', received: this.#received });
      }, ackEvery);
  }

  send(message: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** What the viewer received of the streams to which it has subscribed. */
  get views(): readonly Viewed[] {
    return [...this.#views.values()];
  }

  /** Resolves with true when `condition` holds, or with false when the connection ends or after `timeout` ms. */
  until(condition: () => boolean, timeout = 60_000): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (result: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(result);
      };
      const wake = () => {
        if (condition()) end(true);
        else if (this.closed !== undefined) end(false);
      };
      const timer = setTimeout(() => end(condition()), timeout);
      this.#waiting.add(wake);
      wake();
    });
  }

  /** Resolves when the server reports that all frames of a stream before `next` were processed. */
  async processed(stream: string, next: number): Promise<Processed | undefined> {
    const isComplete = () => (this.health.get(stream)?.next ?? 0) >= next;
    await this.until(isComplete);
    const found = this.health.get(stream);
    return found && { received: found.received, gaps: found.gaps, next: found.next ?? 0 };
  }

  /** Resolves when every frame of a stream before `next` is accounted for, or after `timeout` ms. */
  async viewed(stream: string, next: number, timeout = 15_000): Promise<Viewed | undefined> {
    const view = () => [...this.#views.values()].find((each) => each.stream === stream && each.from >= 0);
    const covered = () => {
      const found = view();
      if (!found) return false;
      return found.from + found.frames + found.gaps + found.dropped >= next;
    };
    await this.until(covered, timeout);
    return view();
  }

  close(): void {
    clearInterval(this.#acks);
    this.socket.resume();
    this.socket.close(1000);
  }

  #read(data: string | Uint8Array): void {
    let message: WatchMessage;
    try {
      message = parseWatch(data);
    } catch (error) {
      if (!(error instanceof ProtocolError && error.code === 'unknown-type')) this.errors.push(String(error));
      return;
    }
    if (message.type === 'health') for (const each of message.streams) this.health.set(each.name, each);
    else if (message.type === 'error') this.errors.push(`${message.message} (${message.code})`);
    else if (message.type === 'streams') for (const { name } of message.streams) this.#subscribe(name);
    else if ('id' in message) this.#count(message);
  }

  #subscribe(stream: string): void {
    if (!this.#wanted.delete(stream)) return;
    const id = ++this.#ids;
    const counts = { frames: 0, gaps: 0, dropped: 0, droppedGaps: 0, position: 0, runs: 0 };
    this.#views.set(id, { stream, from: -1, ...counts, wrong: [] });
    this.send({ type: 'subscribe', id, stream, what: this.#what, maxHz: 30 });
  }

  #count(message: Extract<WatchMessage, { id: number }>): void {
    const view = this.#views.get(message.id);
    if (!view) return;
    switch (message.type) {
      case 'subscribed':
        view.from = message.next;
        view.position = message.next;
        break;
      case 'run':
        Object.assign(view, { from: message.next, position: message.next, frames: 0, gaps: 0, dropped: 0 });
        view.droppedGaps = 0;
        view.runs++;
        break;
      case 'gap':
        view.gaps += message.count;
        break;
      case 'dropped':
        if (message.what === 'raw') view.dropped += message.count;
        if (message.what === 'gaps') view.droppedGaps += message.count;
        break;
      case 'block': {
        if (message.kind !== 'samples') return;
        const { block } = message;
        const wrong = firstWrong(block);
        if (wrong !== undefined) note(view, `frame ${wrong} has the samples of another frame`);
        if (block.start < view.position) note(view, `frame ${block.start} came after frame ${view.position - 1}`);
        view.position = block.start + frameCount(block);
        view.frames += frameCount(block);
      }
    }
  }
}

function note(view: Counted, problem: string): void {
  if (view.wrong.length < maxWrong) view.wrong.push(`${view.stream}: ${problem}`);
}
