import { decodeText } from './text-field.ts';

/**
 * What a GDF 2 file calls the types of its events, by their codes, read off the tags behind its header.
 *
 *     a tag  uint8 number, uint24 length, content; a number 0 ends them
 *     tag 1  the names of types 0, 1, 2, …, each with a zero byte behind it; that of type 0 is empty
 */
export function gdfNames(tags: Uint8Array): string[] {
  for (let at = 0; at + 4 <= tags.length && tags[at] !== 0;) {
    const [tag, low, middle, high] = tags.subarray(at, (at += 4));
    const content = tags.subarray(at, (at += low + 256 * middle + 65536 * high));
    if (tag === 1) return decodeText(content).split('\0');
  }
  return [];
}
