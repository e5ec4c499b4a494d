import { show } from './check-message.ts';
import type { ChannelInfo } from './fields.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Samples } from './samples.ts';

/** Maximum number of labels in a sentence. */
const maxShown = 8;

/** Index of each label, for the channels of each stream. */
const indexes = new WeakMap<readonly ChannelInfo[], ReadonlyMap<string, number>>();

function indexOf(channels: readonly ChannelInfo[]): ReadonlyMap<string, number> {
  const known = indexes.get(channels);
  if (known) return known;
  const index = new Map([...channels.entries()].reverse().map(([at, { label }]) => [label, at]));
  indexes.set(channels, index);
  return index;
}

/**
 * Returns samples that name their channels in the order of the channels of a stream; a channel without samples is missing.
 * @throws ProtocolError 'wrong-channels' if the stream has no channel of a name
 */
export function inOrder(samples: Samples, channels: readonly ChannelInfo[]): Samples {
  const { labels = [], paths, data } = samples;
  const index = indexOf(channels);
  const places = labels.map((label, i) => index.get(label) ?? index.get(paths?.[i] ?? label) ?? -1);
  const unknown = places.indexOf(-1);
  if (unknown >= 0) throw unknownChannel(labels[unknown], channels);
  if (new Set(places).size < places.length)
    throw new ProtocolError('bad-label', 'channels must have different labels, got two values for one channel');
  const frames = data.length / samples.channels;
  const ordered = new Float32Array(frames * channels.length).fill(NaN);
  for (let t = 0; t < frames; t++)
    for (let c = 0; c < places.length; c++) ordered[t * channels.length + places[c]] = data[t * places.length + c];
  return { ...samples, data: ordered, channels: channels.length, labels: undefined, valid: validity(ordered, frames) };
}

/** Returns 0 for each frame with a missing sample; undefined if there is none. */
export function validity(data: Float32Array, frames: number): Uint8Array | undefined {
  let valid: Uint8Array | undefined;
  for (let i = 0; i < data.length; i++)
    if (Number.isNaN(data[i])) (valid ??= new Uint8Array(frames).fill(1))[Math.floor((i * frames) / data.length)] = 0;
  return valid;
}

function unknownChannel(label: string, channels: readonly ChannelInfo[]): ProtocolError {
  const shown = channels.slice(0, maxShown).map((channel) => channel.label);
  const more = channels.length > maxShown ? `, and ${channels.length - maxShown} more` : '';
  return new ProtocolError(
    'wrong-channels',
    `channel must be one of ${shown.join(', ')}${more}, got ${show(label)}; ` +
      'name all channels in the first message (null if missing), in hello, or in the URL (channels=)',
  );
}
