import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './run-process.ts';

const run = promisify(execFile);

/** Packs the package and installs it into a new folder, as a user's project would. */
export async function installPackage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapline-pack-'));
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: root });
  const [{ filename }] = JSON.parse(stdout) as { filename: string }[];
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  const packages = [filename, 'fast-check@^4', '@types/node@^20'];
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...packages, ...options], { cwd: folder });
  return folder;
}

/** A program that uses every entry of the package that runs in Node.js. */
export const script = `
  import { Network, plan } from 'tapline';
  import { csvWriter, readRecording } from 'tapline/formats';
  import { convolve, fromSocket } from 'tapline/operators';
  import { createServer } from 'tapline/server';
  import { EegSimulator } from 'tapline/sources';
  import { hostSource } from 'tapline/sources/node';
  import { verifyOperator } from 'tapline/testing';
  import { from } from 'rxjs';

  const blocks = () => [0, 4].map((start) => ({ data: new Float32Array(4).fill(start + 1), channels: 1, start, rate: 4, time: 0 }));
  verifyOperator(() => convolve([0.5, 0.5]), blocks);
  from(blocks()).pipe(convolve([0.5, 0.5])).subscribe(({ data }) => console.log(data.join(' ')));
  console.log(plan({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 3 }] }, 100).receptiveField);
  const recording = readRecording('time,a\\n0,1\\n1,2\\n');
  console.log(recording.rate, csvWriter(recording.channels).header().trim());
  const server = await createServer({ port: 0 });
  console.log((await (await fetch(server.url + '/healthz')).json()) !== null, typeof fromSocket, typeof hostSource, typeof EegSimulator);
  await server.close();
`;

/** TypeScript's compilers: this project's own, and those that the tests install beside it where they can. */
export const compilers: [version: string, tsc: string][] = [
  ['6', join(root, 'node_modules/typescript/bin/tsc')],
  ['7', join(root, 'test/runtimes/node_modules/typescript7/bin/tsc')],
  ['5.9', join(root, 'test/runtimes/node_modules/typescript5/bin/tsc')],
];

/** Whether a compiler is installed. */
export function isInstalled(tsc: string): boolean {
  return existsSync(tsc);
}

export type Resolution = 'nodenext' | 'bundler';

/** What `tsc` prints of the public types and of the README's examples. */
export async function typeErrors(folder: string, tsc: string, resolution: Resolution): Promise<string> {
  await cp(join(root, 'test', 'surface.ts'), join(folder, 'surface.ts'));
  const files = ['surface.ts', ...(await readmeExamples(folder))];
  return compile(folder, tsc, resolution, 'es2023,dom,dom.iterable', files);
}

/** What `tsc` prints of the public types in a project for Node.js alone, without the types of the DOM. */
export async function nodeTypeErrors(folder: string, tsc: string, resolution: Resolution): Promise<string> {
  await writeFile(join(folder, 'node.ts'), script);
  return compile(folder, tsc, resolution, 'es2023', ['node.ts']);
}

function compile(folder: string, tsc: string, resolution: Resolution, lib: string, files: string[]): Promise<string> {
  const flags = ['--strict', '--noEmit', '--skipLibCheck', 'false', '--target', 'es2023', '--types', 'node'];
  const module = ['--module', resolution === 'nodenext' ? 'nodenext' : 'esnext', '--moduleResolution', resolution];
  return run(process.execPath, [tsc, ...flags, ...module, '--lib', lib, ...files], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}

/** Writes the TypeScript blocks of the README into `folder`; returns their file names. */
async function readmeExamples(folder: string): Promise<string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code);
  if (blocks.length === 0) throw new Error('README.md must have blocks of TypeScript, got none');
  const names = blocks.map((_, i) => `readme-${i}.ts`);
  await Promise.all(blocks.map((code, i) => writeFile(join(folder, names[i]), code)));
  return names;
}
