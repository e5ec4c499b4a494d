import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import type { NamedRecording } from './recordings.ts';
import type { TaskChannels } from './task-channels.ts';

/** How the input of the network was prepared. */
export interface AppliedInput {
  /** The weights file. */
  readonly output: string;
  readonly places: TaskChannels;
  readonly gaps: GapPolicy;
  readonly standardize?: number;
}

/** The command that writes the predictions of the weights for a recording, as they were scored. */
export function applyCommandLine(
  { path, recording: { channels, lost } }: NamedRecording,
  { output, places: { inputs }, gaps, standardize }: AppliedInput,
): string {
  const labels = inputs.map((place) => channels[place].label);
  const words = [
    ...['tapline', 'apply', output, path],
    ...(inputs.length < channels.length ? ['--columns', labels.join(',')] : []),
    ...(lost > 0 && gaps !== 'none' ? ['--gaps', gaps] : []),
    ...(standardize === undefined ? [] : ['--standardize', String(standardize)]),
  ];
  return words.map(quoted).join(' ');
}

/** A word as it is written in a shell. */
function quoted(word: string): string {
  return /^[\w.,:/=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
