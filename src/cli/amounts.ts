/** A count with its noun: `1 frame`, `2 frames`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A time in words: `45 days`, `3.2 hours`. */
export function duration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [365 * 86_400, 'year'],
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  const [size, name] = units.find(([each]) => seconds >= 1.5 * each) ?? [1, 'second'];
  const count = seconds / size;
  return counted(count >= 10 ? Math.round(count) : Number(count.toFixed(1)), name);
}

/** How much of a task is done: `42%`. */
export function share(done: number, total: number): string {
  return `${Math.floor((100 * done) / Math.max(1, total))}%`;
}

/** A time in hours, minutes, and seconds: `9 min 32 s`, `2 h 5 min`. */
export function hoursMinutes(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${min} min`;
  return min > 0 ? `${min} min ${s} s` : `${s} s`;
}
