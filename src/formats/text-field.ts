const utf8 = new TextDecoder('utf-8', { fatal: true });
const latin1 = new TextDecoder('latin1');

/** Bytes as text: UTF-8 where they are that, else Latin-1. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}

/** The text in a field of fixed width: up to a zero byte, without blanks around it. */
export function fieldText(bytes: Uint8Array): string {
  return decodeText(bytes).split('\0')[0].trim();
}

/** Fields that stand one behind the other, each `count` times in its width: [field][signal]. */
export function fieldTexts(bytes: Uint8Array, count: number, widths: readonly number[]): string[][] {
  let at = 0;
  return widths.map((width) => Array.from({ length: count }, () => fieldText(bytes.subarray(at, (at += width)))));
}
