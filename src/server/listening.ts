import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { WebSocket } from 'ws';

/** Starts to listen. Rejects with a sentence if that is impossible. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `port ${port} on ${host} is in use; choose another port`
          : `cannot listen on ${host}:${port}: ${error.message}`;
      reject(Object.assign(new Error(sentence), { code: error.code }));
    });
    server.listen(port, host, resolve);
  });
}

/** Stops listening: waits up to a second for clients to close, then terminates the remaining connections. */
export async function stopListening(server: Server, clients: ReadonlySet<WebSocket>): Promise<void> {
  const cut = setTimeout(() => {
    for (const socket of clients) socket.terminate();
    server.closeAllConnections();
  }, 1000);
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}

/** Network interfaces as `os.networkInterfaces` returns them. */
type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * The URLs at which a server that is bound to `host` can be opened. A server bound to every interface (`0.0.0.0`, `::`)
 * has one per address, loopback first; IPv6 addresses are in brackets, and link-local ones are omitted, because a URL
 * cannot name their interface.
 */
export function serverUrls(host: string, port: number, interfaces: Interfaces = networkInterfaces()): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [urlOf(host, port)];
  const addresses = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(({ family, address }) => family === 'IPv4' || (host === '::' && !/^fe[89ab]/i.test(address)))
    .sort((a, b) => Number(b.internal) - Number(a.internal) || Number(isIPv6(a.address)) - Number(isIPv6(b.address)));
  const urls = addresses.map(({ address }) => urlOf(address, port));
  return urls.length > 0 ? [...new Set(urls)] : [urlOf('127.0.0.1', port)];
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
