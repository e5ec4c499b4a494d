/** Stretches of time that may be shown, in s: 1 s to 365 days. */
const ladder = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800],
  ...[3600, 7200, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 7_776_000, 31_536_000],
];
/** Frames that the shortest, the usual and the longest window show at least, or at most. */
const few = 10;
const usual = 100;
const many = 6000;
/** Hz that a stream of unknown pace is taken to have. */
const guess = 10;
/** In s: what windows of fast streams are like. */
const usualOfFast = 10;
const longestOfFast = 60;

/** The windows that suit a stream of `rate` Hz (0 = not known), the shortest first. */
export function timeWindows(rate: number): number[] {
  const hertz = rate || guess;
  const longest = Math.max(longestOfFast, many / hertz);
  const suited = ladder.filter((seconds) => seconds >= few / hertz && seconds <= longest);
  return suited.length > 0 ? suited : ladder.slice(-1);
}

/** The window that a stream begins with. */
export function defaultWindow(rate: number): number {
  const least = Math.max(usualOfFast, usual / (rate || guess));
  const windows = timeWindows(rate);
  return windows.find((seconds) => seconds >= least) ?? windows[windows.length - 1];
}

/** How much of a stream is remembered, in s: its longest window. */
export function longestWindow(rate: number): number {
  const windows = timeWindows(rate);
  return windows[windows.length - 1];
}
