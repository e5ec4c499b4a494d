import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/cli/backtest/settings-file.ts';
import { inDirectory } from '../../store/temporary.ts';

test('settings have the names of the options of the server, and paths are relative to their file', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'new.json');
    writeFileSync(join(directory, 'learner.json'), '{ "name": "next", "taps": 4 }');
    writeFileSync(
      path,
      '{ "falseAlarms": "2/week", "reference": 3000, "cooldown": 5, "powerLine": 60, "learn": ["mill=learner.json"] }',
    );
    const settings = await readSettings(path);
    expect(settings).toMatchObject({
      name: 'new.json',
      powerLine: 60,
      alarms: { falseAlarms: '2/week', reference: 3000, cooldown: 5 },
      learners: { mill: [{ name: 'next', taps: 4 }] },
    });
  }));

test.each([
  ['{ "falseAlarm": "1/week" }', /new\.json: field of the settings must be one of falseAlarms, .*, got 'falseAlarm'$/],
  ['{ "falseAlarms": "often" }', /^.*new\.json: falseAlarms must be a count per second.*, got 'often'$/],
  ['{ "falseAlarms": true }', /new\.json: falseAlarms must be .*, got true$/],
  ['{ "reference": 10 }', /new\.json: reference must be an integer >= 2000, got 10$/],
  ['{ "reference": null }', /new\.json: reference must be omitted, or a value, got null$/],
  ['{ "offDelay": 0 }', /new\.json: offDelay must be /],
  ['{ "cooldown": "1 min" }', /new\.json: cooldown must be /],
  ['{ "powerLine": 55 }', /new\.json: powerLine must be 50 or 60, got 55$/],
  ['{ "networkInput": "filtered" }', /new\.json: networkInput must be one of /],
  ['{ "learn": "mill=a.json" }', /new\.json: learn must be a list of <stream>=<file>/],
  ['{ "network": ["mill"] }', /new\.json: network must be a list of <stream>=<file>.*, got 'mill'$/],
  ['{ "learn": ["mill=none.json"] }', /new\.json: .*none\.json: file not found$/],
  ['[]', /new\.json: the settings must be an object/],
  ['1', /new\.json: the settings must be an object/],
  ['{ "falseAlarms": }', /new\.json: not valid JSON/],
])('%s is rejected with the file and the field', (text, message) =>
  inDirectory(async (directory) => {
    const path = join(directory, 'new.json');
    writeFileSync(path, text);
    await expect(readSettings(path)).rejects.toThrow(message);
  }),
);

test('a file that does not exist is reported', async () => {
  await expect(readSettings('none.json')).rejects.toThrow('none.json: file not found');
});
