import { describe, expect, test } from 'vitest';
import { contextSwitches, diskBytes, memoryUsed, networkBytes } from '../../../src/sources/node/proc.ts';

describe('the parsers of /proc', () => {
  test('context switches are read from stat', () => {
    expect(contextSwitches('cpu  1 2 3\nintr 5 0\nctxt 533105\nbtime 1\n')).toBe(533105);
    expect(contextSwitches('')).toBeUndefined();
  });

  test('used memory is the memory that is not available', () => {
    const text = 'MemTotal:        8000000 kB\nMemFree:          500000 kB\nMemAvailable:    6000000 kB\n';
    expect(memoryUsed(text)).toBe(25);
    expect(memoryUsed('MemTotal:        8000000 kB\n')).toBeUndefined();
  });

  test('disk bytes are 512 per sector, of whole disks only', () => {
    const line = (name: string, read: number, written: number) =>
      ` 254       0 ${name} 35125 18314 ${read} 9846 2973 20414 ${written} 3781 0 4572 13825 3152 34 54112 197 4 0`;
    const text = [
      line('loop0', 1000, 1000),
      line('zram0', 1000, 1000),
      line('sda', 10, 20),
      line('sda1', 9, 19),
      line('nvme0n1', 100, 200),
      line('nvme0n1p1', 90, 190),
      line('mmcblk0', 1, 2),
      line('mmcblk0p2', 1, 2),
      line('sr0', 1, 0),
      line('dm-0', 1000, 1000),
    ].join('\n');
    expect(diskBytes(`${text}\n`)).toEqual({ read: 512 * 112, written: 512 * 222 });
    expect(diskBytes(`${line('xvda1', 3, 4)}\n`)).toEqual({ read: 512 * 3, written: 512 * 4 });
    expect(diskBytes(`${line('loop0', 1, 1)}\n`)).toBeUndefined();
    expect(diskBytes('')).toBeUndefined();
  });

  test('network bytes are those of physical interfaces, also if no space follows the colon', () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  eth0:309850292    8382    0    0    0     0          0         0   584429    4859    0    0    0     0       0          0
 wlan0:       8       1    0    0    0     0          0         0       71       1    0    0    0     0       0          0
docker0:    500       1    0    0    0     0          0         0      500       1    0    0    0     0       0          0
`;
    expect(networkBytes(text)).toEqual({ read: 309850300, written: 584500 });
    expect(networkBytes(text.split('\n').slice(0, 3).join('\n'))).toBeUndefined();
    expect(networkBytes('')).toBeUndefined();
  });
});
