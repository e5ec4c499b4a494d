const day = 86_400_000;

/** When a frame was taken (ms), as closely as frames at `rate` (Hz) are told apart: of a calendar, else since the start. */
export function momentOf(time: number, rate: number, dated: boolean): string {
  const letters = rate <= 1 / 60 ? 16 : rate <= 1 ? 19 : 23;
  const text = new Date(time).toISOString().replace('T', ' ').slice(0, letters);
  return dated ? text : `${time >= day ? `${Math.floor(time / day)} d ` : ''}${text.slice(11)}`;
}
