import { type Block, frameCount } from '../core/blocks/block.ts';
import { encodeBlock, headerLength } from '../protocol/block-header.ts';
import { cutBlock } from './cut-block.ts';

/** A block as messages of at most `maxPayload` bytes: binary, or JSON columns with null for what is not real. */
export function* sensorMessages(
  block: Block,
  binary: boolean,
  maxPayload: number,
): Generator<string | Uint8Array<ArrayBuffer>> {
  const bytesPerFrame = binary ? 4 * block.channels + 1 : 26 * block.channels;
  const most = Math.max(1, Math.floor((maxPayload - headerLength - 100) / bytesPerFrame));
  for (let done = 0; done < frameCount(block); done += most) {
    const part = cutBlock(block, block.start + done, most);
    yield binary ? encodeBlock(part) : columns(part);
  }
}

function columns({ data, channels, start, time, valid }: Block): string {
  const frames = data.length / channels;
  const sample = (channel: number, frame: number) => {
    const x = data[frame * channels + channel];
    return (!valid || valid[frame] === 1) && Number.isFinite(x) ? x : null;
  };
  const column = (channel: number) => Array.from({ length: frames }, (_, frame) => sample(channel, frame));
  return JSON.stringify({
    type: 'samples',
    start,
    ...(time === 0 ? {} : { time }),
    data: Array.from({ length: channels }, (_, channel) => column(channel)),
  });
}
