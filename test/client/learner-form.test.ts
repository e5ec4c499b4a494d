import { describe, expect, test } from 'vitest';
import { type EnteredLearner, learnerSettings, updatedForm } from '../../client/dashboard/learner-form.ts';
import type { LearnerInfo, StreamInfo } from '../../src/protocol/index.ts';
import { learnerOf } from '../../src/server/learner-json.ts';

const entered = (more: Partial<EnteredLearner>): EnteredLearner => ({
  ...{ name: 'mine', task: 'forecast', horizon: '', target: '', channels: '', reference: '' },
  ...{ taps: '', network: '', optimizer: '', learningRate: '' },
  ...more,
});
const network = { inChannels: 1, layers: [{ type: 'linear', outChannels: 1 }] };

describe('the settings of the form', () => {
  test.each<[Partial<EnteredLearner>, object]>([
    [{}, { name: 'mine', task: 'forecast', taps: 16 }],
    [
      { name: ' far ', horizon: '8', taps: '32', channels: 'O1, O2' },
      { name: 'far', task: 'forecast', horizon: 8, taps: 32, channels: ['O1', 'O2'] },
    ],
    [
      { task: 'target', target: 'other', horizon: '8', network: JSON.stringify(network), taps: '3' },
      { name: 'mine', task: 'target', target: 'other', on: 'raw', network },
    ],
    [
      { task: 'cancel', reference: 'eog', optimizer: 'nlms', learningRate: '0.1' },
      {
        ...{ name: 'mine', task: 'cancel', reference: ['eog'], taps: 16 },
        optimizer: { type: 'nlms', learningRate: 0.1 },
      },
    ],
  ])('are those that the server reads: %j', (fields, learner) => {
    const sent = JSON.parse(JSON.stringify(learnerSettings(entered(fields)))) as unknown;
    expect(learnerOf(sent)).toEqual(learner);
  });

  test.each<[Partial<EnteredLearner>, string]>([
    [{ taps: 'many' }, "Taps must be a number, got 'many'"],
    [{ learningRate: '0.1' }, 'Learning rate requires an optimizer'],
    [{ network: '{' }, 'Network must be JSON: '],
  ])('%j is rejected', (fields, sentence) => {
    expect(() => learnerSettings(entered(fields))).toThrow(sentence);
  });
});

test('the form closes when its learner is listed or waits for its target', () => {
  const stream = (learners: string[], notes?: string[]): StreamInfo[] => [
    { name: 'dev', learners: learners.map((name) => ({ name }) as LearnerInfo), notes } as StreamInfo,
  ];
  const form = { stream: 'dev', task: 'forecast', pending: 'mine' } as const;
  expect(updatedForm(form, stream(['forecast']))).toBe(form);
  expect(updatedForm({ ...form, pending: undefined }, stream(['mine']))).toBeDefined();
  expect(updatedForm(form, stream(['forecast', 'mine']))).toBeUndefined();
  expect(updatedForm(form, stream([], ['learner mine waits for the stream other']))).toBeUndefined();
  expect(updatedForm(form, [])).toBeUndefined();
});
