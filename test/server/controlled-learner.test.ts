import { expect, test } from 'vitest';
import type { StageOutput } from '../../src/server/feed-output.ts';
import { LocalHost } from '../../src/server/pipeline-host.ts';
import { runNow } from '../../src/server/work-scheduler.ts';
import { localFeed } from './local-feed.ts';

const rate = 100;

/** A host that holds outputs back until they are released, as a busy thread does. */
class SlowHost extends LocalHost {
  release: () => void;

  constructor(emit: (output: StageOutput) => void) {
    const held: StageOutput[] = [];
    super((output) => held.push(output));
    this.release = () => {
      held.splice(0).forEach(emit);
    };
  }
}

test('reports of a learner from before its last control do not change its description', () => {
  let host!: SlowHost;
  const makeHost = (emit: (output: StageOutput) => void) => (host = new SlowHost(emit));
  const feed = localFeed('a', { channels: [{ label: 'x', unit: '' }], rate }, { host: makeHost }, () => {});
  feed.start();
  const send = (start: number) => {
    const data = Float32Array.from({ length: rate }, (_, i) => Math.sin((start + i) / 5));
    runNow(feed.receive([{ type: 'samples', data, channels: 1, rate, start, time: 10 * start }]));
  };
  const shown = () => feed.info.learners[0];
  send(0);
  feed.control({ type: 'learning', stream: 'a', learner: shown().index, on: false, learningRate: 0.125 });
  host.release();
  expect(shown()).toMatchObject({ learning: false, learningRate: 0.125, step: 0.125 });
  // later reports are those of the pipeline
  send(rate);
  feed.control({ type: 'learning', stream: 'a', learner: shown().index, learningRate: 0.25 });
  send(2 * rate);
  send(3 * rate);
  host.release();
  expect(shown()).toMatchObject({ learning: false, learningRate: 0.25 });
});
