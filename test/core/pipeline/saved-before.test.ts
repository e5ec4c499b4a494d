import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Pipeline } from '../../../src/core/pipeline/pipeline.ts';
import { random } from '../../../src/core/random.ts';
import vector from '../../vectors/pipeline-v2.json' with { type: 'json' };

const rng = random(5);
const x = Float32Array.from({ length: 2 * 600 }, (_, i) => Math.sin(i / 7) + 0.3 * rng.normal());
const block = (from: number, to: number) => {
  return { data: x.slice(2 * from, 2 * to), channels: 2, start: from, rate: 100, time: 10 * from };
};

test('a pipeline that an earlier version saved, with one stage of each kind, continues with the same bits', () => {
  const pipeline = Pipeline.restore(gunzipSync(Buffer.from(vector.saved, 'base64')));
  const outputs = [...pipeline.push(block(300, 340)), ...pipeline.push(block(345, 380))];
  expect(outputs.flatMap(({ features }) => [...(features?.data ?? [])])).toEqual(vector.features);
  expect(outputs.flatMap(({ learned }) => [...learned!.prediction.data])).toEqual(vector.predictions);
  expect(outputs.flatMap(({ detected }) => [...detected!.score.data])).toEqual(vector.scores);
  expect(pipeline.spec.learn).toMatchObject({ powerLine: 50, skipAlarmed: false });
});
