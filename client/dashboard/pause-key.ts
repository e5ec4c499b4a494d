import { filter, fromEvent, map, merge, type Observable, withLatestFrom, startWith } from 'rxjs';

/** Elements in which Space types a character. */
const textFields =
  'textarea, [contenteditable]:not([contenteditable=false]), input:not([type=checkbox], [type=range], [type=radio], [type=button])';
/** Elements that only Space changes. */
const switches = 'input[type=checkbox]';

/**
 * Emits when Space is pressed to pause or resume the charts: wherever the focus is outside text fields, except on a switch
 * that was reached with the keyboard rather than with a click. The browser does not see these events.
 */
export function pauseKeys(document: Document): Observable<KeyboardEvent> {
  const clicked = merge(
    fromEvent(document, 'pointerdown').pipe(map(() => true)),
    fromEvent<KeyboardEvent>(document, 'keydown').pipe(
      filter(({ key }) => key === 'Tab'),
      map(() => false),
    ),
  ).pipe(startWith(false));
  // A button is clicked when Space is released.
  return merge(fromEvent<KeyboardEvent>(document, 'keydown'), fromEvent<KeyboardEvent>(document, 'keyup')).pipe(
    withLatestFrom(clicked),
    filter(([event, clicked]) => isPauseKey(event, clicked)),
    map(([event]) => {
      event.preventDefault();
      return event;
    }),
    filter(({ type, repeat }) => type === 'keydown' && !repeat),
  );
}

function isPauseKey({ key, ctrlKey, altKey, metaKey, target }: KeyboardEvent, clicked: boolean): boolean {
  if (key !== ' ' || ctrlKey || altKey || metaKey) return false;
  return !(target instanceof Element && target.closest(clicked ? textFields : `${textFields}, ${switches}`));
}
