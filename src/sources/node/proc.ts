/** Parsers of files in /proc: pure functions of their text; undefined if the text does not contain the value. */

/** Returns the number of context switches since boot, from /proc/stat. */
export function contextSwitches(stat: string): number | undefined {
  const found = /^ctxt (\d+)$/m.exec(stat);
  return found ? Number(found[1]) : undefined;
}

/** Returns the memory in use in %, from /proc/meminfo: all that is not available without swapping. */
export function memoryUsed(meminfo: string): number | undefined {
  const total = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo);
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo);
  return total && available ? 100 * (1 - Number(available[1]) / Number(total[1])) : undefined;
}

/** Bytes read and written since boot. */
export interface Traffic {
  readonly read: number;
  readonly written: number;
}

/**
 * Returns the bytes read and written by whole disks, from /proc/diskstats. Partitions and stacked devices (dm, md, loop) are
 * excluded, because their bytes would be counted twice; so are memory disks (ram, zram).
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
 * Returns the bytes received (`read`) and sent (`written`) by physical network interfaces, from /proc/net/dev. The loopback
 * interface and interfaces on top of others (bridges, tunnels, bonds, containers) are excluded.
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
