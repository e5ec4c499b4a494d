import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeCodes, closeReason, subprotocol } from '../protocol/close-codes.ts';
import type { originCheck } from './origin.ts';

/** How upgrade requests are accepted. */
export interface UpgradeOptions {
  check: ReturnType<typeof originCheck>;
  maxPayload: number;
  /** Accepts a socket for the path of its URL, or returns why it is rejected. */
  accept: (socket: WebSocket, url: URL) => { code: number; sentence: string } | undefined;
  log: (line: string) => void;
}

/** Errors of a peer that disconnected without a close message, such as a closed browser tab: not logged. */
const disconnects = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Handles the WebSocket upgrade requests of a server. A rejected request is first accepted and then closed with a code and
 * a sentence, because browsers do not expose the reason of a failed upgrade. Every socket has an error listener from the
 * start.
 */
export function acceptUpgrades(server: Server, { check, maxPayload, accept, log }: UpgradeOptions): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    maxFragments: 256,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : (offered.values().next().value ?? false)),
  });
  sockets.on('wsClientError', (error, socket) => {
    log(`upgrade: ${error.message}`);
    socket.destroy();
  });
  const open = (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', (error) => {
      log(`socket: ${error.message}`);
    });
    const url = new URL(request.url ?? '/', 'http://localhost');
    const rejection = check(request);
    if (rejection) log(rejection.sentence);
    const reason = rejection
      ? { code: closeCodes.originNotAllowed, sentence: rejection.sentence }
      : offersSubprotocol(socket)
        ? accept(socket, url)
        : { code: closeCodes.subprotocol, sentence: `Offer the subprotocol ${subprotocol} or none.` };
    if (reason) socket.close(reason.code, closeReason(reason.sentence));
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!disconnects.has(error.code ?? '')) log(`connection: ${error.message}`);
    });
    if (!URL.canParse(request.url ?? '/', 'http://localhost')) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      open(webSocket, request);
    });
  });
  return sockets;
}

function offersSubprotocol(socket: WebSocket): boolean {
  return socket.protocol === '' || socket.protocol === subprotocol;
}
