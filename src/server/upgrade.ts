import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeCodes, subprotocol } from '../protocol/close-codes.ts';
import type { originCheck } from './origin.ts';
import type { SocketConnections, SocketRejection } from './socket-connections.ts';

/** How upgrade requests are accepted. */
export interface UpgradeOptions {
  check: ReturnType<typeof originCheck>;
  maxPayload: number;
  /** Called with every connection that becomes a WebSocket. */
  upgrading: (connection: Duplex) => void;
  connections: SocketConnections;
  /** Accepts a socket for the path of its URL, or returns why it is rejected. */
  accept: (socket: WebSocket, url: URL) => SocketRejection | undefined;
  log: (line: string) => void;
}

/** Maximum number of fragments of a message. */
const maxFragments = 256;
/** Average number of bytes per received chunk of a message that is as large as allowed. */
const minChunk = 256;

/** Errors of a peer that disconnected without a close message, such as a closed browser tab: not logged. */
const disconnects = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Handles the WebSocket upgrade requests of a server. A rejected request is first accepted and then closed with a code and
 * a sentence, because browsers do not expose the reason of a failed upgrade. Every socket has an error listener from the
 * start.
 */
export function acceptUpgrades(
  server: Server,
  { check, maxPayload, upgrading, connections, accept, log }: UpgradeOptions,
): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    maxFragments,
    maxBufferedChunks: Math.max(4096, maxPayload / minChunk),
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : (offered.values().next().value ?? false)),
  });
  sockets.on('wsClientError', ({ message }, socket, request) => {
    connections.countRequest(request, `Invalid WebSocket handshake: ${message}`);
    socket.destroy();
  });
  const open = (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', ({ message }) => {
      connections.count(socket, 'bad-frame', message);
    });
    connections.add(socket, request);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const notAllowed = check(request);
    const rejection = notAllowed
      ? { code: closeCodes.originNotAllowed, reason: 'not-allowed' as const, sentence: notAllowed.sentence }
      : offersSubprotocol(socket)
        ? accept(socket, url)
        : unknownSubprotocol;
    if (rejection) connections.reject(socket, rejection);
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrading(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!disconnects.has(error.code ?? '')) log(`connection: ${error.message}`);
    });
    if (!URL.canParse(request.url ?? '/', 'http://localhost')) {
      connections.countRequest(request, 'Invalid URL.');
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      open(webSocket, request);
    });
  });
  return sockets;
}

const unknownSubprotocol: SocketRejection = {
  code: closeCodes.subprotocol,
  reason: 'subprotocol',
  sentence: `Offer the subprotocol ${subprotocol} or none.`,
};

function offersSubprotocol(socket: WebSocket): boolean {
  return socket.protocol === '' || socket.protocol === subprotocol;
}
