import type { WebSocket } from 'ws';
import { closeCodes } from '../protocol/close-codes.ts';

/** Lateness of a beat in ms from which on answers to the last ping may be waiting to be read. */
const tolerance = 1000;

/**
 * Pings sockets at an interval and calls each socket's task. A socket that neither responded to the last ping nor sent
 * anything since is closed with 4003 and terminated, unless this process paused it or was suspended in the meantime.
 */
export class Heartbeat {
  readonly #alive = new Map<WebSocket, boolean>();
  readonly #tasks = new Map<WebSocket, () => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #interval: number;
  #last = { monotonic: performance.now(), wall: Date.now() };

  constructor(interval: number) {
    this.#interval = interval;
    this.#timer = setInterval(() => {
      this.beat();
    }, interval);
    this.#timer.unref();
  }

  add(socket: WebSocket, task: () => void): void {
    const alive = () => {
      this.#alive.set(socket, true);
    };
    alive();
    this.#tasks.set(socket, task);
    socket.on('pong', alive);
    socket.on('message', alive);
    socket.on('close', () => {
      this.#alive.delete(socket);
      this.#tasks.delete(socket);
    });
  }

  beat(): void {
    const isLate = this.#isLate();
    for (const [socket, alive] of this.#alive) {
      if (alive || isLate || socket.isPaused) {
        this.#alive.set(socket, false);
        socket.ping();
        this.#tasks.get(socket)?.();
        continue;
      }
      socket.close(closeCodes.silent, 'No response to a ping.');
      socket.terminate();
    }
  }

  /** Whether this beat came late, by either clock: the monotonic one may stand still while the computer sleeps. */
  #isLate(): boolean {
    const [monotonic, wall] = [performance.now(), Date.now()];
    const passed = Math.max(monotonic - this.#last.monotonic, wall - this.#last.wall);
    this.#last = { monotonic, wall };
    return passed > this.#interval + tolerance;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
