/** Px that a line of words needs at least. */
const line = 10;

/** Shows every so many of the elements that each has `height` px for its words, so that none lies over another. */
export function thinOut(elements: readonly HTMLElement[], height: number): void {
  const every = Math.max(1, Math.ceil(line / Math.max(1, height)));
  elements.forEach((element, at) => {
    element.style.visibility = at % every === 0 ? '' : 'hidden';
  });
}
