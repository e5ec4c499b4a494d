/**
 * Restores `navigator.language` after uPlot has loaded. Importing this file replaces the language if it is not a valid
 * language tag (as 'en-US@posix'), because uPlot passes it to Intl when it loads and would throw. Import this file before
 * uPlot.
 */
export function restoreLanguage(): void {
  if (replaced) Reflect.deleteProperty(navigator, 'language');
  replaced = false;
}

let replaced = replaceLanguage();

function replaceLanguage(): boolean {
  if (typeof navigator === 'undefined' || typeof window === 'undefined') return false;
  try {
    new Intl.NumberFormat(navigator.language);
    return false;
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
    return true;
  }
}
