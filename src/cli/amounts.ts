/** `1 frame`, `2 frames`: how many of a thing there are. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** `45 days`, `3.2 hours`: a time in words. */
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
