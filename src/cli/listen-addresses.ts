import type { NetworkInterfaceInfo } from 'node:os';
import { isIPv6 } from 'node:net';

/** Network interfaces by name, as `os.networkInterfaces` returns them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Hosts at which only this computer can reach a server. */
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i;

/** Whether only this computer can reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return loopback.test(host);
}

/**
 * The addresses at which a browser can open a server that listens on `host`. For 0.0.0.0 (all IPv4 interfaces) and ::
 * (all interfaces) there is one per interface, loopback first; link-local IPv6 addresses, which browsers do not open, are
 * omitted.
 */
export function openableAddresses(host: string, port: number, interfaces: Interfaces): string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const usable = all.filter(
    ({ family, address, internal }) =>
      !internal && (family === 'IPv4' || (host === '::' && !address.toLowerCase().startsWith('fe80'))),
  );
  const hosts = host === '0.0.0.0' || host === '::' ? ['127.0.0.1', ...usable.map(({ address }) => address)] : [host];
  return hosts.map((each) => `http://${isIPv6(each) ? `[${each}]` : each}:${port}`);
}
