import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { limitsOf } from '../../src/cli/serve-limits.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { resolveOptions } from '../../src/server/options.ts';
import { run } from './run-tapline.ts';

/** The options of the server for these arguments of `tapline serve`. */
function parsed(args: readonly string[]): ReturnType<typeof resolveOptions> {
  const command = serveCommand();
  command.parseOptions([...args]);
  return resolveOptions(limitsOf(command.opts()));
}

test('--workers auto is one worker thread per processor core but one', () => {
  const command = serveCommand();
  command.parseOptions(['--workers', 'auto']);
  expect(resolveOptions({ workers: command.opts().workers }).workers).toBe(availableParallelism() - 1);
});

test('every limit of the server has an option, with the default of the server', () => {
  expect(parsed([])).toMatchObject({ ...resolveOptions(), log: expect.any(Function) as unknown });
  const flags: [flag: string, value: string][] = [
    ['--max-streams', '1'],
    ['--max-viewers', '2'],
    ['--max-connections-per-address', '3'],
    ['--max-waiting', '4'],
    ['--max-channels', '5'],
    ['--max-payload', '6000'],
    ['--max-text', '5000'],
    ['--max-slowed', '1.5'],
    ['--max-unfinished', '70000'],
    ['--hello-timeout', '0.8'],
    ['--message-timeout', '9'],
    ['--trust-proxy', '10.0.0.1, 192.168.0.0/16'],
  ];
  expect(parsed(flags.flat())).toMatchObject({
    maxStreams: 1,
    maxViewers: 2,
    maxConnectionsPerAddress: 3,
    maxWaiting: 4,
    limits: { maxChannels: 5, maxPayload: 6000, maxText: 5000 },
    maxSlowed: 1500,
    maxUnfinished: 70_000,
    helloTimeout: 800,
    messageTimeout: 9000,
    trustProxy: ['10.0.0.1', '192.168.0.0/16'],
  });
  const help = serveCommand().helpInformation();
  for (const [flag] of flags) expect(help).toContain(flag);
});

test.each([
  ['--trust-proxy', 'proxy', /--trust-proxy must be a list of IP addresses or networks .*, got '?proxy/],
  ['--max-unfinished', '1000', /--max-unfinished must be an integer >= 2097152, got 1000/],
  ['--max-viewers', '0', /--max-viewers must be an integer >= 1/],
])('%s %s is rejected by its name', async (flag, value, error) => {
  const { code, stderr } = await run(['serve', '--port', '0', '--no-state', flag, value]);
  expect(stderr).toMatch(error);
  expect(code).not.toBe(0);
});
