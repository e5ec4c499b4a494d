import { Command } from '@commander-js/extra-typings';
import { scoreNabCommand } from './score-nab.ts';
import { scoreSkabCommand } from './score-skab.ts';

/** `tapline score`: scores the detector on public benchmarks. */
export function scoreCommand(): Command {
  return new Command('score')
    .summary('Score the detector on a public benchmark')
    .description('Score the detector with its default settings on a public benchmark, by the rules of that benchmark.')
    .addCommand(scoreNabCommand())
    .addCommand(scoreSkabCommand());
}
