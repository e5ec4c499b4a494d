import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { clientAddress, peerAddress, trustedProxies } from '../../src/server/client-address.ts';

const none = trustedProxies([]);
const request = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('the address of a client', () => {
  test.each([
    ['203.0.113.5', '203.0.113.5', '203.0.113.5'],
    ['::ffff:203.0.113.5', '203.0.113.5', '203.0.113.5'],
    ['::FFFF:cb00:7105', '203.0.113.5', '203.0.113.5'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9%eth0', '2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1:2:3:4', '2001:db8::1:2:3:4', '2001:db8:0:0::/64'],
  ])('%s is %s and counts by %s', (remote, address, key) => {
    expect(peerAddress(remote, none)).toMatchObject({ address, key, local: false, proxy: false });
  });

  test('is local for loopback addresses, but not through a proxy', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      expect(peerAddress(address, none).local).toBe(true);
    const trusted = trustedProxies(['127.0.0.1']);
    expect(clientAddress(request('127.0.0.1'), trusted).local).toBe(true);
    expect(clientAddress(request('127.0.0.1', '127.0.0.1'), trusted).local).toBe(false);
    expect(clientAddress(request('127.0.0.1', '203.0.113.5'), trusted).local).toBe(false);
  });

  test.each([
    ['10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['10.0.0.1', '198.51.100.1, 203.0.113.5', '203.0.113.5'],
    ['10.0.0.1', '203.0.113.5, 10.200.0.1', '203.0.113.5'],
    ['10.0.0.1', '203.0.113.5:4711', '203.0.113.5'],
    ['10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['10.0.0.1', '203.0.113.5, unknown', '10.0.0.1'],
    ['10.0.0.1', '203.0.113.5, unknown, 10.3.3.3', '10.3.3.3'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['2001:db8:f::1', '203.0.113.5', '203.0.113.5'],
    ['192.0.2.1', '203.0.113.5', '192.0.2.1'],
  ])('of a connection from %s with X-Forwarded-For %j is %s', (remote, forwarded, address) => {
    const trusted = trustedProxies(['10.0.0.0/8', '2001:db8:f::/48']);
    expect(clientAddress(request(remote, forwarded), trusted).address).toBe(address);
  });

  test.each(['proxy', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/', '2001:db8::/129', ''])(
    'is not read with the trusted proxy %j',
    (entry) => {
      expect(() => trustedProxies([entry])).toThrow('trustProxy must be a list of IP addresses or networks');
    },
  );
});
