import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeCodes, closeReason, subprotocol } from '../protocol/close-codes.ts';
import type { originCheck } from './origin.ts';

/** Who takes accepted sockets, and what they may hold. */
export interface UpgradeOptions {
  check: ReturnType<typeof originCheck>;
  maxPayload: number;
  /** Takes a socket at its path, or returns why not. */
  accept: (socket: WebSocket, url: URL) => { code: number; sentence: string } | undefined;
  log: (line: string) => void;
}

/** The other end has gone without a word, as a browser does whose tab is closed: nothing to tell. */
const broken = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Makes WebSockets of a server's upgrade requests. A refusal accepts first and then closes with a code and a sentence,
 * because a browser shows nothing of a refused upgrade. Every socket has an error listener from its first moment.
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
  const welcome = (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', (error) => {
      log(`socket: ${error.message}`);
    });
    const url = new URL(request.url ?? '/', 'http://localhost');
    const refused = check(request);
    if (refused) log(refused.sentence);
    const no = refused
      ? { code: closeCodes.refusedOrigin, sentence: refused.sentence }
      : speaks(socket)
        ? accept(socket, url)
        : { code: closeCodes.subprotocol, sentence: `offer the subprotocol ${subprotocol}, or none` };
    if (no) socket.close(no.code, closeReason(no.sentence));
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!broken.has(error.code ?? '')) log(`connection: ${error.message}`);
    });
    if (!URL.canParse(request.url ?? '/', 'http://localhost')) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      welcome(webSocket, request);
    });
  });
  return sockets;
}

function speaks(socket: WebSocket): boolean {
  return socket.protocol === '' || socket.protocol === subprotocol;
}
