import { arch, cpus, platform } from 'node:os';

/** Returns a description of this machine: 'AMD EPYC, 2 cores, linux x64, Node 20.20.2 (V8 11.3)'. */
export function machine(): string {
  const cores = cpus();
  const [node, v8] = [process.versions.node, process.versions.v8.split('.').slice(0, 2).join('.')];
  return `${cores[0].model.trim()}, ${cores.length} cores, ${platform()} ${arch()}, Node ${node} (V8 ${v8})`;
}
