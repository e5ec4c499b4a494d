import { maxTime } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Samples } from '../protocol/samples.ts';

/** Throws if the time of the last frame is out of range. */
export function checkTimes({ time = 0 }: Samples, rate: number, frames: number): void {
  if (rate > 0 && time + ((frames - 1) * 1000) / rate > maxTime)
    throw new ProtocolError(
      'bad-time',
      `time of the last frame must be at most ${maxTime} ms, got ${frames} frames from ${time} ms`,
    );
}

/** Replaces non-finite samples by NaN and marks their frames invalid; returns the validity, if any frame is invalid. */
export function invalidateNonFinite(
  data: Float32Array,
  channels: number,
  valid: Uint8Array | undefined,
): Uint8Array | undefined {
  let validity = valid;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    data[i] = NaN;
    validity ??= new Uint8Array(data.length / channels).fill(1);
    validity[Math.floor(i / channels)] = 0;
  }
  return validity;
}
