/** Selectable window lengths in s: 1 s to 365 days. */
const windowLengths = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800],
  ...[3600, 7200, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 7_776_000, 31_536_000],
];
/** Frames that the shortest and the default window contain at least, and the longest at most. */
const minFrames = 10;
const defaultFrames = 100;
const maxFrames = 6000;
/** Rate in Hz assumed for streams whose rate is unknown. */
const assumedRate = 10;
/** Lower bounds of the default and of the longest window, in s. */
const minDefaultWindow = 10;
const minLongestWindow = 60;

/** The window lengths in s that suit a stream of `rate` Hz (0 = unknown), in ascending order. */
export function timeWindows(rate: number): number[] {
  const hertz = rate || assumedRate;
  const longest = Math.max(minLongestWindow, maxFrames / hertz);
  const suitable = windowLengths.filter((seconds) => seconds >= minFrames / hertz && seconds <= longest);
  return suitable.length > 0 ? suitable : windowLengths.slice(-1);
}

/** The default window length of a stream of `rate` Hz, in s. */
export function defaultWindow(rate: number): number {
  const min = Math.max(minDefaultWindow, defaultFrames / (rate || assumedRate));
  const windows = timeWindows(rate);
  return windows.find((seconds) => seconds >= min) ?? windows[windows.length - 1];
}

/** The longest window of a stream of `rate` Hz, in s. This is also how much of the stream is kept. */
export function longestWindow(rate: number): number {
  const windows = timeWindows(rate);
  return windows[windows.length - 1];
}
