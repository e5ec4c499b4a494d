import type { RawData, WebSocket } from 'ws';
import type { Limits } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { readMessage } from './bounded-socket.ts';
import type { Task, WorkScheduler } from './work-scheduler.ts';

/** How the messages of a socket are processed. */
export interface MessageInboxOptions {
  scheduler: WorkScheduler;
  limits: Limits;
  /**
   * Processes a message. `read` returns it: text, or bytes in their own buffer; it throws a ProtocolError if it is too long. The
   * task handles its own errors.
   */
  process: (read: () => string | Uint8Array) => Task;
  /** Milliseconds for which messages may arrive faster than they are processed. Time without waiting messages makes up for it. */
  maxSlowed: number;
  /** Called when that time has passed. */
  tooFast: () => void;
  /** Called when the socket has been closed, and all of its messages have been processed. */
  ended: (code: number, reason: string) => void;
}

/** Cost in ns of a message, and of each of its bytes. */
const perMessage = 5000;
const perByte = 10;

/**
 * Processes the messages of a socket in order, in turn with those of other sockets. While messages wait, the socket is not
 * read, so that a client that sends faster than its messages are processed is slowed down and not buffered.
 */
export class MessageInbox {
  readonly #socket: WebSocket;
  readonly #options: MessageInboxOptions;
  readonly #waiting: { data: RawData; isBinary: boolean }[] = [];
  #isWorking = false;
  /** Whether waiting messages are not processed anymore. */
  #isDropped = false;
  /** The close code and the reason. */
  #end: readonly [number, string] | undefined;
  /** Milliseconds for which the socket was not read, less those for which it was. */
  #slowed = 0;
  /** When the socket was last paused or resumed. */
  #changed = performance.now();

  constructor(socket: WebSocket, options: MessageInboxOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (this.#isDropped) return;
      this.#waiting.push({ data, isBinary });
      this.#start();
    });
    socket.on('close', (code: number, reason: Buffer) => {
      this.#end = [code, reason.toString()];
      if (!this.#isWorking) options.ended(...this.#end);
    });
  }

  /** Whether messages are being processed, or wait. */
  get isWorking(): boolean {
    return this.#isWorking;
  }

  /** Performs a task before all messages that have not been processed. */
  first(task: Task): void {
    this.#isWorking = true;
    this.#options.scheduler.start(this.#work(task));
    this.#pause();
  }

  /** Drops all messages that have not been processed, and those that follow. */
  drop(): void {
    this.#isDropped = true;
    this.#waiting.length = 0;
    this.#socket.resume();
  }

  #start(): void {
    if (!this.#isWorking) {
      this.#isWorking = true;
      this.#options.scheduler.start(this.#work());
    }
    this.#pause();
  }

  /** Stops reading the socket if its messages were not processed at once. */
  #pause(): void {
    if (!this.#isWorking || this.#isDropped || this.#socket.isPaused) return;
    this.#slowed = Math.max(0, this.#slowed - this.#sinceChange());
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#socket.isPaused) return;
    this.#slowed += this.#sinceChange();
    this.#socket.resume();
  }

  /** Returns the time since the last call in ms. */
  #sinceChange(): number {
    const now = performance.now();
    const passed = now - this.#changed;
    this.#changed = now;
    return passed;
  }

  #read(data: RawData, isBinary: boolean): string | Uint8Array {
    if (!isBinary) checkText(lengthOf(data), this.#options.limits);
    return readMessage(data, isBinary);
  }

  *#work(first?: Task): Task {
    if (first) yield* first;
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      const { data, isBinary } = message;
      yield* this.#options.process(() => this.#read(data, isBinary));
      yield perMessage + perByte * lengthOf(data);
      if (!this.#isDropped && this.#slowed > this.#options.maxSlowed) this.#options.tooFast();
    }
    this.#isWorking = false;
    this.#resume();
    if (this.#end) this.#options.ended(...this.#end);
  }
}

/** Throws if a text message is too long: it takes more work than a binary one. */
function checkText(bytes: number, { maxText }: Limits): void {
  if (bytes > maxText)
    throw new ProtocolError(
      'too-long',
      `a text message must be at most ${maxText} bytes (maxText), got ${bytes}; send fewer frames per message, or binary messages`,
    );
}

function lengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, { byteLength }) => sum + byteLength, 0) : data.byteLength;
}
