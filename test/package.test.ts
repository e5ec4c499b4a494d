import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { compilers, installPackage, isInstalled, script, typeErrors } from './packed-package.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** Serves a folder and opens one of its pages; gives the page's text once its title says done, and its console errors. */
async function openPage(folder: string, path: string): Promise<{ text: string; errors: string[] }> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
  const server: Server = createServer((request, response) => {
    const file = join(folder, new URL(request.url ?? '/', 'http://localhost').pathname);
    readFile(file).then(
      (body) => response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream').end(body),
      () => response.writeHead(file.endsWith('favicon.ico') ? 204 : 404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const browser = await launchBrowser();
  try {
    const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`);
    await page
      .waitForFunction(() => document.title === 'done')
      .catch((error: unknown) => {
        throw new Error(`the page did not finish: ${errors.join('; ')}`, { cause: error });
      });
    return { text: (await page.textContent('body')) ?? '', errors };
  } finally {
    await browser.close();
    server.close();
  }
}

const piece = (from: string) => `
  import { FeatureMap, SignalPlot, Network } from '${from}';
  const network = Network.create({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 3 }] });
  const stream = network.stream();
  const signal = new SignalPlot(document.querySelector('#signal'), { channels: ['x'], rate: 50 });
  const map = new FeatureMap(document.querySelector('#map'), { labels: ['a', 'b'], rate: 50 });
  const data = Float32Array.from({ length: 100 }, (_, t) => Math.sin(t / 3));
  const block = { data, channels: 1, start: 0, rate: 50, time: 0 };
  signal.push(block);
  map.push({ ...block, data: stream.push(data), channels: 2, valid: stream.valid.slice() });
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.querySelector('#report').textContent = document.querySelectorAll('canvas').length > 1 ? 'canvases drawn' : 'nothing drawn';
    signal.destroy();
    map.destroy();
    document.querySelector('#report').textContent += ', ' + document.querySelectorAll('canvas').length + ' left';
    document.title = 'done';
  }));
`;
const page = (script: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><div id="signal"></div><div id="map"></div><p id="report"></p>${script}</html>`;

describe('the packed package, installed into an empty folder', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await installPackage();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('works in a Node script, every entry of it', async () => {
    await writeFile(join(folder, 'script.js'), script);
    const { stdout } = await run(process.execPath, ['script.js'], { cwd: folder });
    expect(stdout.trim().split('\n')).toEqual([
      '0.5 1 1 1',
      '3 5 5 5',
      '3',
      '1 time,a',
      'true function function function',
    ]);
  });

  describe.each(compilers)('under TypeScript %s', (_version, tsc) => {
    test.skipIf(!isInstalled(tsc))('has types that compile with skipLibCheck: false', async () => {
      expect(await typeErrors(folder, tsc, 'nodenext')).toBe('');
    });
  });

  test('has a command that prints its version and exits with code 2 if a file does not exist', async () => {
    const bin = join(folder, 'node_modules', '.bin', 'tapline');
    const { stdout } = await run(bin, ['--version']);
    expect(stdout.trim()).toBe(
      (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    );
    await expect(run(bin, ['plan', 'nowhere.json'])).rejects.toMatchObject({ code: 2 });
  });

  test('works in a vite app', async () => {
    const app = join(folder, 'app');
    await mkdir(app);
    await writeFile(join(app, 'index.html'), page('<script type="module" src="./main.js"></script>'));
    const both = piece('tapline').replace('FeatureMap, SignalPlot, Network', 'Network');
    await writeFile(join(app, 'main.js'), `import { FeatureMap, SignalPlot } from 'tapline/client';${both}`);
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
    await run(process.execPath, [vite, 'build', '--base', './', '--logLevel', 'error'], { cwd: app });
    const { text, errors } = await openPage(join(app, 'dist'), 'index.html');
    expect(errors).toEqual([]);
    expect(text).toContain('canvases drawn, 0 left');
  });

  test('works in a bare page, as one bundled file', async () => {
    await cp(join(folder, 'node_modules', 'tapline', 'dist', 'tapline.browser.js'), join(folder, 'tapline.browser.js'));
    await writeFile(join(folder, 'bare.html'), page(`<script type="module">${piece('./tapline.browser.js')}</script>`));
    const { text, errors } = await openPage(folder, 'bare.html');
    expect(errors).toEqual([]);
    expect(text).toContain('canvases drawn, 0 left');
  });

  test('has no scripts that npm runs on installation', async () => {
    const manifest = JSON.parse(await readFile(join(folder, 'node_modules', 'tapline', 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(Object.keys(manifest.scripts)).not.toContain('prepare');
    expect(Object.keys(manifest.scripts).filter((name) => name.includes('install'))).toEqual([]);
  });
});
