import { GapFiller } from '../core/blocks/gap-filler.ts';
import type { DetectSpec } from '../core/pipeline/pipeline-spec.ts';
import { writePipeline } from '../core/pipeline/saved-pipeline.ts';
import { decodeState } from '../core/state/state-file.ts';

/**
 * Converts the state of a detector, which version 0.1 saved in a separate file, to a saved pipeline with only a
 * detector.
 * @throws if the bytes are not such a file
 */
export function earlierDetector(bytes: Uint8Array): Uint8Array {
  const { state, extra } = decodeState('detector', bytes);
  const [channels, rate, reference] = JSON.parse((extra as { shape: string }).shape) as [
    channels: unknown[],
    rate: number,
    reference: number | null,
  ];
  const detect: DetectSpec = {
    digest: 'auto',
    channels: channels.map((_, channel) => channel),
    ...(reference !== null && { reference }),
  };
  return writePipeline({
    spec: { detect },
    seed: 1,
    channels: channels.length,
    rate,
    next: 0,
    gaps: new GapFiller().save(),
    stages: [{ name: 'detect', state: { verdict: 0, detector: state }, failure: null, network: null }],
    waiting: [],
    given: {},
  });
}
