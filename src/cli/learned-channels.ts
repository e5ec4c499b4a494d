import { type Block, frameCount } from '../core/blocks/block.ts';
import type { Recording } from '../formats/index.ts';
import type { LearnedTask, SavedChannel } from './learned-task.ts';
import { isSameRate, shownRate } from './same-rate.ts';

/** A recording with the channels that a network was trained on, and sentences on how it differs from the training data. */
export interface MatchedRecording {
  readonly recording: Recording;
  readonly warnings: readonly string[];
}

/**
 * Selects the channels by name that a network reads, in the order in which it reads them. If `isSelected`, the user has selected the
 * channels: if names are missing, as many channels are used in the given order, with a warning. Throws a RangeError otherwise.
 */
export function withLearnedChannels(
  recording: Recording,
  { inputs, rate }: LearnedTask,
  isSelected: boolean,
): MatchedRecording {
  const places = placesOf(recording.channels, inputs);
  const [expected, actual] = [labelsOf(inputs), labelsOf(recording.channels)];
  const isByName = !places.includes(-1);
  if (!isByName && !(isSelected && recording.channels.length === inputs.length))
    throw new RangeError(
      `the recording must contain the channels that the network was trained on (${expected}), got ${actual}. If other channels correspond to them, select these with --columns, in the same order.`,
    );
  const matched = isByName ? selected(recording, places) : recording;
  const units = inputs.flatMap(({ label, unit }, i) => {
    const { unit: other } = matched.channels[i];
    return unit === other || unit === undefined || other === undefined ? [] : [`${label} in ${unit}, not ${other}`];
  });
  const warnings = [
    ...(isByName ? [] : [`The network was trained on the channels ${expected}. Used ${actual} in their place.`]),
    ...(isByName && places.some((place, i) => place < (places[i - 1] ?? 0))
      ? [`Read the channels in the order in which the network was trained on them: ${expected}.`]
      : []),
    ...(units.length > 0
      ? [`The network was trained on ${units.join(', ')}. Its predictions are probably wrong.`]
      : []),
    ...(isSameRate(rate, recording.rate)
      ? []
      : [
          `The network was trained at ${shownRate(rate)} Hz, and the recording has ${shownRate(recording.rate)} Hz. Its predictions are probably wrong. Resample the recording, or set --rate if the file gives a wrong rate.`,
        ]),
  ];
  return { recording: matched, warnings };
}

/** The place of each channel among those of a recording, by label; -1 if it is missing. Equal labels match in their order. */
function placesOf(channels: readonly SavedChannel[], wanted: readonly SavedChannel[]): number[] {
  const used = new Set<number>();
  return wanted.map(({ label }) => {
    const place = channels.findIndex((each, i) => each.label === label && !used.has(i));
    used.add(place);
    return place;
  });
}

function selected(recording: Recording, places: readonly number[]): Recording {
  const { channels, blocks } = recording;
  if (places.length === channels.length && places.every((place, i) => place === i)) return recording;
  return {
    ...recording,
    channels: places.map((place) => channels[place]),
    blocks: blocks.map((block) => selectedBlock(block, places)),
  };
}

function selectedBlock(block: Block, places: readonly number[]): Block {
  const { data, channels } = block;
  const width = places.length;
  const chosen = new Float32Array(frameCount(block) * width);
  for (let frame = 0, at = 0; frame < frameCount(block); frame++)
    for (const place of places) chosen[at++] = data[frame * channels + place];
  return { ...block, data: chosen, channels: width };
}

function labelsOf(channels: readonly SavedChannel[]): string {
  return channels.map(({ label }) => label).join(', ');
}
