/** Appends a new element with a class. Set its text with `setText`, never as markup. */
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

/** Sets the text of an element if it differs. */
export function setText(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Height of a line of text, in px. */
const minLineHeight = 10;

/** Hides labels that have only `height` px each, except for every n-th one, so that no two overlap. */
export function thinOutLabels(elements: readonly HTMLElement[], height: number): void {
  const every = Math.max(1, Math.ceil(minLineHeight / Math.max(1, height)));
  elements.forEach((element, at) => {
    element.style.visibility = at % every === 0 ? '' : 'hidden';
  });
}
