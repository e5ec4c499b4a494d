/**
 * Lets uPlot load where the browser's language is no language tag ('en-US@posix'): uPlot formats numbers for
 * `navigator.language` as it loads, and throws there. Import this before uPlot, and call `restoreLanguage` after.
 */
export function restoreLanguage(): void {
  if (covered) Reflect.deleteProperty(navigator, 'language');
  covered = false;
}

let covered = coverLanguage();

function coverLanguage(): boolean {
  if (typeof navigator === 'undefined' || typeof window === 'undefined') return false;
  try {
    new Intl.NumberFormat(navigator.language);
    return false;
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
    return true;
  }
}
