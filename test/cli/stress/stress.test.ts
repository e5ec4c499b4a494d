import { describe, expect, test } from 'vitest';
import { stressCommand } from '../../../src/cli/stress/stress.ts';
import { scenarios } from '../../../src/cli/stress/scenarios.ts';
import { runCommand } from '../run-command.ts';
import { run } from '../run-tapline.ts';

describe('tapline stress', () => {
  test('passes a short selection, and prints a balanced account of each scenario', async () => {
    const names = ['flood', 'hostile', 'kill'];
    const { code, stdout, stderr } = await run(['stress', '--scenario', names.join(','), '--duration', '0.5']);
    expect(stdout + stderr).not.toContain('FAILED');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(names);
    for (const line of lines) {
      const [, sent, processed, gaps] = /: (\d+) frames sent = (\d+) processed \+ (\d+) in gaps/
        .exec(line)!
        .map(Number);
      expect(sent).toBe(processed + gaps);
      expect(processed).toBeGreaterThan(0);
    }
  }, 240_000);

  test('measures a soak of a few devices', async () => {
    const small = ['--duration', '4', '--devices', '6', '--viewers', '2'];
    const { code, stdout } = await run(['stress', '--scenario', 'soak', ...small]);
    expect(stdout).toMatch(/^soak +passed +6 streams: .* MB\/h \(95 % interval .*\); event-loop delay p50 /);
    expect(code).toBe(0);
  }, 240_000);

  test('rejects unknown scenarios, and those that need their own server', async () => {
    await expect(runCommand(stressCommand(), ['--scenario', 'flood,x'])).rejects.toThrow(
      /must be one or more of .*'x'/,
    );
    const url = ['--url', 'ws://127.0.0.1:1'];
    await expect(runCommand(stressCommand(), [...url, '--scenario', 'kill'])).rejects.toThrow('Omit --url');
    await expect(runCommand(stressCommand(), ['--url', 'x'])).rejects.toThrow('--url must be an address such as');
  });

  test('lists every scenario in its help', () => {
    let help = '';
    const command = stressCommand().configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    for (const { name, summary } of scenarios) expect(help).toContain(`  ${name.padEnd(16)} ${summary}\n`);
  });
});
