import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/core/memory/engine.ts';
import { launchBrowser } from '../browser.ts';
import { serveStatic } from '../client/static-server.ts';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const entry = new URL('../../dist/src/index.js', import.meta.url).href;

/** The hash of a million frames in every runtime. */
const [million, recorded] = [1_000_000, '24b257eb'];
const [fewer, recordedFewer] = [20_000, 'ef5efab2'];

async function inNode(binary: string, kind: string, frames: number): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, [path('node.js'), entry, kind, String(frames)]);
  return stdout.trim();
}

/** Returns the hash in Chromium, under a policy that allows WebAssembly or not. */
async function inChromium(kind: string, frames: number, wasm: boolean): Promise<string> {
  const files = {
    '/index.html': '<!doctype html><script type="module" src="/page.js"></script>',
    '/page.js': await readFile(path('page.js'), 'utf8'),
    '/bits.js': await readFile(path('bits.js'), 'utf8'),
    '/tapline.js': await readFile(path('../../dist/tapline.browser.js'), 'utf8'),
  };
  const { url, close } = await serveStatic({ files, scripts: wasm ? "'wasm-unsafe-eval'" : '' });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${url}?kind=${kind}&frames=${frames}`);
    await page.waitForFunction(() => document.title !== '', null, { timeout: 60_000 });
    return await page.title();
  } finally {
    await browser.close();
    await close();
  }
}

describe('forward, learning, tanh, sigmoid, gelu, softmax and Adam give the recorded bits', () => {
  test('in this Node, over a million frames', async () => {
    expect(await inNode(process.execPath, 'simd', million)).toBe(recorded);
  });

  test('in plain TypeScript', async () => {
    expect(await inNode(process.execPath, 'plain', fewer)).toBe(recordedFewer);
    expect(await inNode(process.execPath, 'simd', fewer)).toBe(recordedFewer);
  });

  for (const version of [22, 24, 26]) {
    const binary = path(`node_modules/node${version}/bin/node`);
    test.skipIf(!existsSync(binary))(`in Node ${version}, over a million frames`, async () => {
      expect(await inNode(binary, 'simd', million)).toBe(recorded);
    });
  }

  test('in Chromium, over a million frames', async () => {
    expect(await inChromium('shared', million, true)).toBe(`simd ${recorded}`);
  });

  test('in a page whose policy does not allow WebAssembly, with the plain engine', async () => {
    expect(await inChromium('shared', fewer, false)).toBe(`plain ${recordedFewer}`);
  });
});

describe('the fused engine', () => {
  const binary = path('node_modules/node24/bin/node');

  test.skipIf(!existsSync(binary))(
    'rounds differently, and no worse than float32, if relaxed SIMD is supported',
    async () => {
      const { stdout } = await promisify(execFile)(binary, [path('fused.js'), entry]);
      const { same, worst } = JSON.parse(stdout) as { same: boolean; worst: number };
      expect(same).toBe(false);
      expect(worst).toBeLessThan(1e-6);
    },
  );

  test.skipIf(Number(process.versions.node.split('.')[0]) >= 24)(
    'is rejected by name if relaxed SIMD is not supported',
    () => {
      const sentence = "kind must be supported by this runtime, got 'fused', which needs WebAssembly with relaxed SIMD";
      expect(() => new Engine('fused')).toThrow(sentence);
    },
  );
});
