import { frameCount } from '../../core/blocks/block.ts';
import { ReadOnlyRecording } from '../../store/read-only-recording.ts';
import { firstWrong } from './samples.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What the recording of a stream contains. */
export interface Recorded {
  /** Index after the last frame that is recorded without a break from frame 0 on. */
  readonly next: number;
  readonly gaps: number;
  readonly problems: readonly string[];
}

/** Reads the recordings below the state directory of a server that does not run. The files stay as the server has left them. */
export async function recordedFrames(statePath: string, streams: readonly string[]): Promise<Map<string, Recorded>> {
  const directory = join(statePath, 'recordings');
  return new Map(await Promise.all(streams.map(async (name) => [name, await read(directory, name)] as const)));
}

async function read(directory: string, stream: string): Promise<Recorded> {
  const path = join(directory, stream);
  if (!existsSync(path)) return { next: 0, gaps: 0, problems: [] };
  const recording = await ReadOnlyRecording.open(path);
  let next = 0;
  let gaps = 0;
  const problems: string[] = [];
  for await (const { event } of recording.read()) {
    if (event.type === 'damaged') problems.push(`${stream}: ${event.file} is damaged`);
    if (event.type === 'lost') problems.push(`${stream}: ${event.count} frames were not recorded`);
    if (event.type === 'gap' && event.from === next) {
      next += event.count;
      gaps += event.count;
    }
    if (event.type !== 'block') continue;
    const wrong = firstWrong(event.block);
    if (wrong !== undefined) problems.push(`${stream}: frame ${wrong} was recorded with the samples of another frame`);
    if (event.block.start !== next)
      problems.push(`${stream}: frame ${event.block.start} was recorded after ${next - 1}`);
    next = event.block.start + frameCount(event.block);
  }
  return { next, gaps, problems };
}
