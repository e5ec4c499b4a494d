import { Command } from '@commander-js/extra-typings';
import { scoreNabCommand } from './score-nab.ts';
import { scoreSkabCommand } from './score-skab.ts';

/** `tapline score nab|skab DIR`: the detector on public benchmarks, by their own rules. */
export function scoreCommand(): Command {
  return new Command('score')
    .summary('the detector on a public benchmark')
    .description('Score the detector, as it is shipped, on a public benchmark by its own rules.')
    .addCommand(scoreNabCommand().exitOverride())
    .addCommand(scoreSkabCommand().exitOverride());
}
