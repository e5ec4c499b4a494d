const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** Decodes text as UTF-8 if it is valid, else as Windows-1252, which contains Latin-1. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    // Without `stream`, Node.js 20 decodes 0x80 to 0x9f as control characters.
    return windows1252.decode(bytes, { stream: true });
  }
}

/** The text in a field of fixed width, trimmed: between zero bytes, which some writers use instead of spaces. */
export function fieldText(bytes: Uint8Array): string {
  return decodeText(bytes)
    .replace(/^[\0\s]+/, '')
    .split('\0')[0]
    .trim();
}

/** The texts of consecutive fields, each repeated `count` times with its width: [field][signal]. */
export function fieldTexts(bytes: Uint8Array, count: number, widths: readonly number[]): string[][] {
  let at = 0;
  return widths.map((width) => Array.from({ length: count }, () => fieldText(bytes.subarray(at, (at += width)))));
}
