import { decodeText } from '../text-field.ts';

/** An annotation of a WFDB record. */
export interface WfdbAnnotation {
  /** Time in units of the annotation file. */
  readonly at: number;
  /** Mnemonic of its code, such as N for a normal beat, then its text if there is one. */
  readonly label: string;
}

/** The annotations of a file. */
export interface WfdbAnnotations {
  readonly annotations: readonly WfdbAnnotation[];
  /** Units of `at` per second; undefined if they are frames. */
  readonly resolution: number | undefined;
  /** Whether the file ends within an annotation or without its end mark. */
  readonly truncated: boolean;
}

/** Mnemonics by code from 0; '' for codes without one. */
const mnemonics = [
  ...['', 'N', 'L', 'R', 'a', 'V', 'F', 'J', 'A', 'S', 'E', 'j', '/', 'Q', '~', '', '|', '', 's', 'T', '*', 'D'],
  ...['"', '=', 'p', 'B', '^', 't', '+', 'u', '?', '!', '[', ']', 'e', 'n', '@', 'x', 'f', '(', ')', 'r'],
];

const [skip, number, subtype, channel, aux] = [59, 60, 61, 62, 63];
const note = 22;

/**
 * Parses annotations in the MIT format: 16-bit words, little-endian, of a code in the high 6 bits and a value in the low 10.
 *
 *     code 1 … 49           an annotation; the value is the time since the previous one
 *     59 (skip)             four bytes follow: more time, high word first
 *     60, 61, 62            number, subtype, and channel of the annotation before, which are ignored
 *     63 (aux)              the value is the length of its text, which follows in an even number of bytes
 *     0, value 0            end of the file
 *
 * A note at time 0 with the text `## time resolution: 1000` sets the unit of time. Notes between `## annotation type
 * definitions` and `## end of definitions` name codes: `42 spindle a sleep spindle`. They and other texts that start with
 * `## ` are no annotations. https://physionet.org/physiotools/wag/annot-5.htm
 */
export function wfdbAnnotations(bytes: Uint8Array): WfdbAnnotations {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { at: number; code: number; text: string }[] = [];
  let time = 0;
  let at = 0;
  let ended = false;
  while (!ended && at + 2 <= bytes.length) {
    const word = view.getUint16(at, true);
    const [code, value] = [word >> 10, word & 1023];
    at += 2;
    if (word === 0) ended = true;
    else if (code === skip) {
      if (at + 4 > bytes.length) break;
      time += view.getInt16(at, true) * 65536 + view.getUint16(at + 2, true);
      at += 4;
    } else if (code === aux) {
      if (at + value > bytes.length) break;
      const last = found.at(-1);
      if (last) last.text = decodeText(bytes.subarray(at, at + value)).replace(/\0+$/, '');
      at += value + (value % 2);
    } else if (code !== number && code !== subtype && code !== channel)
      found.push({ at: (time += value), code, text: '' });
  }
  const texts = found.map(({ text }) => /^## time resolution:\s*([\d.]+)/.exec(text)?.[1]);
  const resolution = Number(texts.find((text) => text !== undefined));
  const names = [...mnemonics];
  let defining = false;
  const annotations: WfdbAnnotation[] = [];
  for (const { at, code, text } of found) {
    const isComment = code === note && text.startsWith('## ');
    const definition = defining && code === note ? /^(\d+)\s+(\S+)/.exec(text) : undefined;
    if (isComment) defining = text.startsWith('## annotation type definitions');
    else if (definition) names[Number(definition[1])] = definition[2];
    else if (code !== 0) annotations.push({ at, label: [names[code] || `[${code}]`, text].filter(Boolean).join(' ') });
  }
  return {
    annotations,
    resolution: resolution > 0 ? resolution : undefined,
    truncated: !ended && bytes.length > 0,
  };
}
