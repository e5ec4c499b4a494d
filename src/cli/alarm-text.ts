import type { Alarm } from '../core/detector/detector.ts';

/** What each cause means. */
export const causeNames: Readonly<Record<Alarm['cause'], string>> = {
  range: 'out of range',
  level: 'level shift',
  surprise: 'unexpected',
  dead: 'fell silent',
  wear: 'slow wear',
};

/** `45 days`, `3.2 hours`: a time in words. */
export function duration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [365 * 86_400, 'years'],
    [86_400, 'days'],
    [3600, 'hours'],
    [60, 'minutes'],
  ];
  const [size, name] = units.find(([each]) => seconds >= 1.5 * each) ?? [1, 'seconds'];
  const count = seconds / size;
  return `${count >= 10 ? Math.round(count) : Number(count.toFixed(1))} ${name}`;
}

/** How rare a score is, at so many frames a second: once in how long; nothing where nothing was scored. */
export function rarity(score: number, rate: number): string {
  return score === 0 ? '' : `once in ${duration(10 ** score / rate)}`;
}

/** The channels that have a tenth of an alarm or more: `pressure 83 %, flow 12 %`. */
export function channelsText({ channels }: Alarm, labels: readonly string[]): string {
  return channels
    .filter(({ share }, i) => i === 0 || share >= 0.1)
    .map(({ channel, share }) => `${labels[channel]} ${Math.round(100 * share)} %`)
    .join(', ');
}
