import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A plain WebSocket server for a test with scripted connections. */
export interface ScriptedServer {
  url: string;
  /** Number of connections so far. */
  readonly count: number;
  close(): Promise<void>;
}

/** Starts one; connection n is given to `script`, n from 0. */
export async function scripted(
  script: (socket: WebSocket, n: number, url?: string) => void,
  port = 0,
): Promise<ScriptedServer> {
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  let count = 0;
  server.on('connection', (socket, request) => {
    socket.on('error', () => {});
    script(socket, count++, request.url);
  });
  await new Promise((resolve) => server.on('listening', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get count() {
      return count;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => resolve());
      }),
  };
}
