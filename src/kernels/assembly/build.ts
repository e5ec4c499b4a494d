import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

export type Build = 'simd' | 'fused';

/** Compiles the kernels. The 'fused' build uses fused multiply-add. */
export async function compile(build: Build): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'kernels-'));
  const output = join(folder, 'kernels.wasm');
  const options = ['-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--noExportMemory', '--use', 'abort='];
  const fused = build === 'fused' ? ['--enable', 'relaxed-simd', '--use', 'FUSED=1'] : ['--use', 'FUSED=0'];
  const source = fileURLToPath(new URL('index.ts', import.meta.url));
  try {
    const { error, stderr } = await asc.main([source, ...options, '--enable', 'simd', ...fused, '-o', output]);
    if (error) throw new Error(`The kernels do not compile: ${error.message}\n${stderr.toString()}`);
    return new Uint8Array(await readFile(output));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Returns the path of the file with a build's bytes. */
export const fileOf = (build: Build): string =>
  fileURLToPath(new URL(build === 'simd' ? '../simd-bytes.ts' : '../fused-bytes.ts', import.meta.url));

/** Returns the contents of that file. */
export function moduleOf(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,500}/g)!;
  const text = lines.map((line) => `  '${line}'`).join(' +\n');
  return `/** The WebAssembly compiled from assembly/ (\`npm run build:kernels\`) in base64: ${bytes.length} bytes. */\nexport const bytes: string =\n${text};\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const build of ['simd', 'fused'] as const) {
    const bytes = await compile(build);
    await writeFile(fileOf(build), moduleOf(bytes));
    console.log(`${build}: ${bytes.length} bytes`);
  }
}
