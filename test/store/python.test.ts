import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Recorder } from '../../src/store/recorder.ts';
import { pythonWith } from '../python-with.ts';
import { root } from '../run-process.ts';
import { inDirectory } from './temporary.ts';

const python = pythonWith('zlib');

test.skipIf(!python)('the Python program of docs/recording.md reads a segment', () =>
  inDirectory(async (directory) => {
    const program = /^```python\n(.*?)^```$/ms.exec(readFileSync(join(root, 'docs/recording.md'), 'utf8'))![1];
    const recorder = await Recorder.open(directory, { retention: { minFree: 0 } });
    const channels = ['a', 'b', 'c'].map((label) => ({ label, unit: 'µV' }));
    recorder.record('x', { type: 'run', run: 4_000_000_000, next: 10, time: 0, channels, rate: 250 });
    const valid = Uint8Array.of(1, 0, 1);
    const data = Float32Array.from({ length: 9 }, (_, i) => i + 0.5);
    recorder.record('x', { type: 'block', block: { data, channels: 3, start: 10, rate: 250, time: 1.7e12, valid } });
    recorder.record('x', { type: 'gap', from: 13, count: 2 ** 40 });
    recorder.record('x', { type: 'message', at: 13, message: { type: 'feedback', verdict: 'normal' } });
    const start = 13 + 2 ** 40;
    recorder.record('x', { type: 'block', block: { data, channels: 3, start, rate: 250, time: 1.7e12 } });
    await recorder.close();
    const file = join(directory, 'x', '0000000001.rec');
    expect(execFileSync(python!, ['-c', program, file], { encoding: 'utf8' })).toBe(
      [
        'run 4000000000: run at frame 10',
        'run 4000000000: frames 10 to 12 at 250 Hz, first 0.5',
        'run 4000000000: gap at frame 13',
        'run 4000000000: frames 1099511627789 to 1099511627791 at 250 Hz, first 0.5',
        '18 samples',
        '',
      ].join('\n'),
    );
  }),
);
