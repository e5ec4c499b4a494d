import { addElement, writeText } from './element.ts';

/** One of two plots side by side: a line of words on top, and room for the plot. */
export interface Half {
  readonly head: HTMLElement;
  readonly caption: HTMLElement;
  readonly body: HTMLElement;
}

/** Adds a half with its title and caption to a `.tapline-pair`. */
export function addHalf(root: HTMLElement, title: string, text: string): Half {
  const side = addElement(root, 'div', 'tapline-half');
  const head = addElement(side, 'div', 'tapline-head');
  writeText(addElement(head, 'strong', ''), title);
  const caption = addElement(head, 'span', '');
  writeText(caption, text);
  return { head, caption, body: addElement(side, 'div', 'tapline-body') };
}
