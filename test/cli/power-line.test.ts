import { describe, expect, test } from 'vitest';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { defaultPowerLine, powerLineOf } from '../../src/cli/power-line.ts';
import { simulateCommand } from '../../src/cli/simulate.ts';

describe('the power-line frequency', () => {
  test.each([
    [60, ['America/New_York', 'America/Sao_Paulo', 'US/Pacific', 'Pacific/Honolulu', 'Asia/Seoul']],
    [50, ['Europe/Berlin', 'America/Argentina/Cordoba', 'America/Santiago', 'Asia/Tokyo', 'Australia/Sydney', 'UTC']],
  ])('is %d Hz in %j', (hz, zones) => {
    for (const zone of zones) expect(powerLineOf(zone)).toBe(hz);
  });

  test('is set by TAPLINE_POWER_LINE, or else by the time zone', () => {
    expect(defaultPowerLine({ setting: '60', timeZone: 'Europe/Berlin' })).toBe(60);
    expect(defaultPowerLine({ setting: undefined, timeZone: 'Europe/Berlin' })).toBe(50);
    expect(defaultPowerLine({ setting: '', timeZone: 'America/Chicago' })).toBe(60);
    expect(() => defaultPowerLine({ setting: '400', timeZone: 'UTC' })).toThrow(
      "TAPLINE_POWER_LINE must be 50 or 60, got '400'",
    );
  });

  test('has one option with one default in every command, and the help names the source of the default', () => {
    for (const command of [learnCommand(), simulateCommand()])
      expect(command.helpInformation().replace(/\s+/g, ' ')).toMatch(
        /--power-line <hz> .*: 50 or 60 Hz \(default: (50|60), from .+; set TAPLINE_POWER_LINE to change it\)/,
      );
  });
});
