import { describe, expect, test } from 'vitest';
import { reportFailure, UsageError, usageOf } from '../../src/cli/failure.ts';

describe('a failure', () => {
  test('caused by the input is one sentence with exit code 2', () => {
    expect(reportFailure(new UsageError('x must be y, got z'), false)).toEqual({
      text: 'tapline: x must be y, got z\n',
      code: 2,
    });
    expect(usageOf(new RangeError('a'), 'file').message).toBe('file: a');
  });

  test('that is unexpected is one sentence, a hint on the stack trace, and exit code 1', () => {
    const { text, code } = reportFailure(new TypeError('x is undefined'), false);
    expect(code).toBe(1);
    expect(text).toMatch(/^tapline: x is undefined\n.*TAPLINE_DEBUG=1.*\n$/);
  });

  test('shows its stack trace on request', () => {
    expect(reportFailure(new TypeError('x'), true).text).toContain('failure.test.ts');
  });
});
