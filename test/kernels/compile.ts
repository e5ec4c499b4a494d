import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const folder = new URL('../../src/kernels/assembly/', import.meta.url);
const flags = '--runtime stub -O3 --enable simd --noAssert --importMemory --noExportMemory --use abort=';

/** The exports of a module over `memory`, from AssemblyScript that imports what lies in src/kernels/assembly. */
export async function compile<Exports>(source: string, memory: WebAssembly.Memory): Promise<Exports> {
  let bytes = new Uint8Array();
  const { error, stderr } = await asc.main(['entry.ts', ...flags.split(' '), '--outFile', 'kernels.wasm'], {
    readFile: (name) => (name === 'entry.ts' ? source : read(name)),
    writeFile: (_, contents) => void (bytes = Uint8Array.from(contents as Uint8Array)),
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${(stderr as { toString(): string }).toString()}`);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Exports;
}

/** Returns a source file, or null if it does not exist, because the compiler tries several names. */
function read(name: string): string | null {
  try {
    return readFileSync(new URL(name, folder), 'utf8');
  } catch {
    return null;
  }
}
