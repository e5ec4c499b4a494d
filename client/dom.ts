/** Appends a new element with a class; its text comes by `writeText`, never as markup. */
export function addElement<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: K,
  className: string,
): HTMLElementTagNameMap[K] {
  const element = parent.ownerDocument.createElement(tag);
  if (className) element.className = className;
  parent.append(element);
  return element;
}

/** Sets an element's text, when it is another. */
export function setText(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Px that a line of words needs at least. */
const minLineHeight = 10;

/** Shows every so many of the elements that each has `height` px for its words, so that none lies over another. */
export function thinOutLabels(elements: readonly HTMLElement[], height: number): void {
  const every = Math.max(1, Math.ceil(minLineHeight / Math.max(1, height)));
  elements.forEach((element, at) => {
    element.style.visibility = at % every === 0 ? '' : 'hidden';
  });
}
