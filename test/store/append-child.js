/**
 * Records streams without end, also while it writes, and prints `<stream> <index>` whenever frames up to an index have
 * become durable.
 * Arguments: directory, fsync policy as JSON, address of the recorder, and optionally the number of the write during
 * which the process kills itself, and the part of that write that is done.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setImmediate } from 'node:timers/promises';

const [directory, fsync, module, tornWrite, part] = process.argv.slice(2);
const channels = 4;
const labels = Array.from({ length: channels }, (_, c) => ({ label: `c${c}`, unit: '' }));

const { writev } = fs;
let writes = 0;
fs.writev = (descriptor, buffers, position, done) => {
  if (++writes !== Number(tornWrite)) return writev(descriptor, buffers, position, done);
  printDurable();
  const bytes = Buffer.concat(buffers);
  fs.writeSync(descriptor, bytes, 0, Math.floor(Number(part) * bytes.length), position);
  process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();

const { Recorder } = await import(module);
const options = { fsync: JSON.parse(fsync), commitInterval: 1, segmentBytes: 1 << 18, retention: { minFree: 0 } };
const recorder = await Recorder.open(directory, options);
const streams = ['a', 'b', 'c'].map((stream, i) => {
  const { run, next } = recorder.accepted(stream);
  if (run < 0) recorder.record(stream, { type: 'run', run: 0, next: 0, time: 0, channels: labels, rate: 1000 });
  return { stream, next, frames: [1, 20, 700][i], durable: recorder.durable(stream).next };
});
function printDurable() {
  for (const each of streams) {
    const { next } = recorder.durable(each.stream);
    if (next > each.durable) fs.writeSync(1, `${each.stream} ${next}\n`);
    each.durable = next;
  }
}

function recordBlocks() {
  for (const each of streams) {
    const data = new Float32Array(each.frames * channels);
    const bits = new Uint32Array(data.buffer);
    // every pattern of bits, NaNs with payloads among them
    for (let i = 0; i < bits.length; i++) bits[i] = Math.imul(each.next * channels + i, 2654435761);
    const block = { data, channels, start: each.next, rate: 1000, time: each.next };
    recorder.record(each.stream, { type: 'block', block });
    each.next += each.frames;
  }
}

for (;;) {
  recordBlocks();
  const flushed = recorder.flush();
  await setImmediate();
  recordBlocks(); // while the others are written
  printDurable();
  await flushed;
  printDurable();
}
