import type { Score } from '../../core/learning/forecast-score.ts';

/** How the pass was made. */
interface Made {
  /** Hz. */
  readonly rate: number;
  readonly standardize?: number;
  /** The path of the network, where it was given. */
  readonly network?: string;
}

/** Fewer scored frames than these say little. */
const enough = 1000;
/** Frames that running statistics are usefully taken over. */
const standardFrames = 64;

/** A line on what to try, where learning has come to nothing; else ''. */
export function learningAdvice({ frames, overall }: Score, { rate, standardize, network }: Made): string {
  const fewer = network === undefined ? 'fewer --taps' : 'a network that sees less';
  if (frames === 0)
    return `nothing was scored: every frame saw the start, a gap or a missing sample; try ${fewer}, or leave out channels of few samples with --columns\n`;
  if (!(overall.skill < 0)) return '';
  const seconds = Number(Math.max(1, standardFrames / rate).toPrecision(2));
  const what =
    standardize === undefined
      ? `try --standardize ${seconds}`
      : frames < enough
        ? `${frames} frames are too few to learn from; try ${fewer}`
        : network === undefined
          ? 'try other --taps'
          : 'try another network';
  return `worse than 'nothing changes': ${what}\n`;
}
