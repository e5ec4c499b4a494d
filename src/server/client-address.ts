import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { invalid } from '../core/check.ts';

/** Where a connection comes from. */
export interface ClientAddress {
  /** IP address; IPv4 in IPv6 notation is converted to IPv4. Empty if it is not known. */
  address: string;
  /** What limits per address count by: an IPv4 address, or the /64 network of an IPv6 address. */
  key: string;
  /** Whether the connection comes from this computer directly, not through a trusted proxy. */
  local: boolean;
  /** Whether the address is that of a trusted proxy itself, whose connections are those of many clients. */
  proxy: boolean;
}

/** Returns a function that tests whether an address is in a list of addresses and networks such as 10.0.0.0/8. */
export function trustedProxies(list: readonly string[]): (address: string) => boolean {
  const proxies = new BlockList();
  for (const entry of list) {
    const [address, bits, ...rest] = entry.split('/');
    const family = familyOf(address);
    const prefix = Number(bits ?? 32);
    if (
      isIP(address) === 0 ||
      rest.length > 0 ||
      (bits !== undefined && !/^\d+$/.test(bits)) ||
      prefix > (isIPv6(address) ? 128 : 32)
    )
      throw invalid('trustProxy', 'a list of IP addresses or networks such as 10.0.0.0/8', entry);
    if (bits === undefined) proxies.addAddress(normalized(address), familyOf(normalized(address)));
    else proxies.addSubnet(address, prefix, family);
  }
  return (address) => isIP(address) > 0 && proxies.check(address, familyOf(address));
}

/** Where the peer of a TCP connection is. */
export function peerAddress(remote: string | undefined, isTrusted: (address: string) => boolean): ClientAddress {
  const address = normalized(remote ?? '');
  const proxy = isTrusted(address);
  return { address, key: keyOf(address), local: !proxy && isLoopback(address), proxy };
}

/**
 * Where a request comes from: the peer of its connection, or if that is a trusted proxy, the right-most address in
 * X-Forwarded-For that is not a trusted proxy itself. Addresses to the left of it are claims of the client and are ignored.
 */
export function clientAddress(request: IncomingMessage, isTrusted: (address: string) => boolean): ClientAddress {
  const peer = peerAddress(request.socket.remoteAddress, isTrusted);
  const header = request.headers['x-forwarded-for'];
  if (!peer.proxy || header === undefined) return { ...peer, local: isLoopback(peer.address) };
  let { address } = peer;
  for (const entry of [header].flat().join(',').split(',').reverse()) {
    const forwarded = withoutPort(entry.trim());
    if (isIP(forwarded) === 0) break;
    address = normalized(forwarded);
    if (!isTrusted(address)) break;
  }
  return { address, key: keyOf(address), local: false, proxy: isTrusted(address) };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\./.test(address);
}

/** An address without its zone, in IPv4 notation if it is IPv4. */
function normalized(address: string): string {
  const text = address.replace(/%.*$/, '').toLowerCase();
  if (!isIPv6(text)) return text;
  const groups = groupsOf(text);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255].join('.') : text;
}

/** The eight groups of 16 bits of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const [a, b, c, d] = tail.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head, tail] = hex.split('::').map((part) => (part === '' ? [] : part.split(':').map((x) => parseInt(x, 16))));
  if (!hex.includes('::')) return head;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function keyOf(address: string): string {
  if (!isIPv6(address)) return address;
  const network = groupsOf(address).slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** An entry of X-Forwarded-For without brackets and port. */
function withoutPort(entry: string): string {
  return /^\[(.*)\](:\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}
