const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Formats a size given in bytes: `850 kB`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const count = bytes / 1000 ** power;
  return `${count >= 10 || power === 0 ? Math.round(count) : Number(count.toFixed(1))} ${units[power]}`;
}
