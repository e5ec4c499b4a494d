import { validity } from './channel-order.ts';
import type { IngestMessage } from './ingest.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Samples } from './samples.ts';
import type { Limits } from './limits.ts';

/**
 * Returns messages that are all frames of the same channels, without positions and times, as one message. Other messages are
 * returned unchanged.
 */
export function joinedFrames(messages: readonly IngestMessage[]): readonly IngestMessage[] {
  const [first] = messages;
  if (
    messages.length < 2 ||
    !isPlain(first) ||
    !messages.every((message) => isPlain(message) && isLike(message, first))
  )
    return messages;
  const list = messages as readonly Samples[];
  const data = new Float32Array(list.reduce((sum, samples) => sum + samples.data.length, 0));
  let end = 0;
  for (const samples of list) {
    data.set(samples.data, end);
    end += samples.data.length;
  }
  const valid = validity(data, data.length / first.channels);
  const warnings = [...new Set(list.flatMap((samples) => samples.warnings ?? []))];
  return [{ ...first, data, valid, ...(warnings.length > 0 && { warnings }) }];
}

function isPlain(message: IngestMessage): message is Samples {
  return (
    message.type === 'samples' &&
    message.start === undefined &&
    message.time === undefined &&
    message.rate === undefined &&
    message.data.length > 0
  );
}

function isLike(message: Samples, { channels, named, labels, paths }: Samples): boolean {
  const isSame = message.channels === channels && message.named === named;
  return isSame && areEqual(message.labels, labels) && areEqual(message.paths, paths);
}

function areEqual(names: readonly string[] | undefined, others: readonly string[] | undefined): boolean {
  return names === others || (names?.every((name, i) => name === others?.[i]) ?? false);
}

/**
 * Checks that the frames of messages, with all channels of the stream, contain at most one sample for each byte of
 * `maxPayload`. Frames that name few of many channels could need much more memory than their message.
 * @throws ProtocolError 'bad-shape'
 */
export function limitSamples(messages: readonly IngestMessage[], channels: number, { maxPayload }: Limits): void {
  let frames = 0;
  for (const message of messages) if (message.type === 'samples') frames += message.data.length / message.channels;
  if (frames * channels > maxPayload)
    throw new ProtocolError(
      'bad-shape',
      `frames times channels must be at most ${maxPayload} (maxPayload) for all frames of a message, got ${frames} frames of ${channels} channels; send fewer frames per message`,
    );
}
