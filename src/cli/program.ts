import { Command } from '@commander-js/extra-typings';
import { applyCommand } from './apply.ts';
import { detectCommand } from './detect.ts';
import { learnCommand } from './learn/learn.ts';
import { planCommand } from './plan.ts';
import { recordCommand } from './record.ts';
import { replayCommand } from './replay.ts';
import { scoreCommand } from './score/score.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';

/** The command line, all commands on it. Throws instead of ending the process. */
export function program(version: string): Command {
  const tapline = new Command('tapline')
    .description('Streaming convolution for live sensor data, learning while it serves.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', '\nExample:\n  tapline serve --demo');
  const commands = [
    serveCommand(),
    simulateCommand(),
    replayCommand(),
    recordCommand(),
    applyCommand(),
    learnCommand(),
    detectCommand(),
    planCommand(),
    scoreCommand(),
  ];
  for (const command of commands) tapline.addCommand(command.exitOverride());
  return tapline;
}
