/** What /proc says, read by pure functions: text in, numbers out; undefined where the text does not say it. */

/** Context switches since boot, from /proc/stat. */
export function contextSwitches(stat: string): number | undefined {
  const found = /^ctxt (\d+)$/m.exec(stat);
  return found ? Number(found[1]) : undefined;
}

/** Memory in use in %, from /proc/meminfo: all that is not available without swapping. */
export function memoryUsed(meminfo: string): number | undefined {
  const total = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo);
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo);
  return total && available ? 100 * (1 - Number(available[1]) / Number(total[1])) : undefined;
}

/** Two counters of bytes since boot. */
export interface Traffic {
  readonly read: number;
  readonly written: number;
}

/**
 * Bytes read and written by whole disks, from /proc/diskstats. Partitions and devices that lie on others (dm, md, loop)
 * are left out, or their bytes would count twice; so are disks of memory (ram, zram).
 */
export function diskBytes(diskstats: string): Traffic | undefined {
  const rows = diskstats
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 11);
  const names = new Set(rows.map((fields) => fields[2]));
  const isPartition = (name: string) => {
    const disk = /^(.*?\d)p\d+$/.exec(name)?.[1] ?? name.replace(/\d+$/, '');
    return disk !== name && names.has(disk);
  };
  const disks = rows.filter(([, , name]) => !/^(loop|ram|zram|dm-|md)/.test(name) && !isPartition(name));
  const bytes = (field: number) => disks.reduce((sum, fields) => sum + 512 * Number(fields[field]), 0);
  return disks.length > 0 ? { read: bytes(5), written: bytes(9) } : undefined;
}

/**
 * Bytes received (`read`) and sent (`written`) by real network interfaces, from /proc/net/dev. The loopback and those
 * whose bytes pass another one (bridges, tunnels, bonds, containers) are left out.
 */
export function networkBytes(netdev: string): Traffic | undefined {
  const rows = [...netdev.matchAll(/^\s*([^\s:|]+):\s*(.+)$/gm)]
    .filter(
      ([, name]) => !/^(lo$|veth|docker|br-|virbr|ifb|dummy|tun|tap|wg|bond|team|sit|cni|flannel|cali)/.test(name),
    )
    .map(([, , counters]) => counters.trim().split(/\s+/).map(Number));
  const bytes = (field: number) => rows.reduce((sum, fields) => sum + fields[field], 0);
  return rows.length > 0 ? { read: bytes(0), written: bytes(8) } : undefined;
}
