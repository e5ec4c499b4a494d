import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { isLoopback, openableAddresses } from '../../src/cli/listen-addresses.ts';

const address = (family: 'IPv4' | 'IPv6', address: string, internal = false) =>
  ({ family, address, internal }) as NetworkInterfaceInfo;
const interfaces = {
  lo: [address('IPv4', '127.0.0.1', true), address('IPv6', '::1', true)],
  eth0: [address('IPv4', '192.168.1.7'), address('IPv6', 'fe80::1'), address('IPv6', '2001:db8::7')],
  wlan0: [address('IPv4', '10.0.0.3')],
};

describe('the addresses of a server', () => {
  test('are one per network interface if it listens on all of them', () => {
    expect(openableAddresses('0.0.0.0', 8080, interfaces)).toEqual([
      'http://127.0.0.1:8080',
      'http://192.168.1.7:8080',
      'http://10.0.0.3:8080',
    ]);
    expect(openableAddresses('::', 80, interfaces)).toEqual([
      'http://127.0.0.1:80',
      'http://192.168.1.7:80',
      'http://[2001:db8::7]:80',
      'http://10.0.0.3:80',
    ]);
  });

  test('are one for any other host', () => {
    expect(openableAddresses('127.0.0.1', 8080, interfaces)).toEqual(['http://127.0.0.1:8080']);
    expect(openableAddresses('192.168.1.7', 8080, interfaces)).toEqual(['http://192.168.1.7:8080']);
    expect(openableAddresses('::1', 8080, interfaces)).toEqual(['http://[::1]:8080']);
  });

  test('are reachable from other computers unless the host is a loopback address', () => {
    expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '192.168.1.7', 'my-computer'].some(isLoopback)).toBe(false);
  });
});
