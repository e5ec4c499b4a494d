import type { WebSocket } from 'ws';
import { closeCodes } from '../protocol/close-codes.ts';

/**
 * Pings sockets at an interval and calls each socket's task. A socket that neither responded to the last ping nor sent
 * anything since is closed with 4003 and terminated, unless the server has stopped reading it.
 */
export class Heartbeat {
  readonly #alive = new Map<WebSocket, boolean>();
  readonly #tasks = new Map<WebSocket, () => void>();
  readonly #timer: NodeJS.Timeout;

  constructor(interval: number) {
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
    for (const [socket, alive] of this.#alive) {
      if (alive || socket.isPaused) {
        this.#alive.set(socket, false);
        socket.ping();
        this.#tasks.get(socket)?.();
        continue;
      }
      socket.close(closeCodes.silent, 'No response to a ping.');
      socket.terminate();
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
