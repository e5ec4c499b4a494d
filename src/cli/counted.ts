/** `1 frame`, `2 frames`: how many of a thing there are. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
