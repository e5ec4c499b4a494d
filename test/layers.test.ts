import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

interface Layer {
  /** Layers whose files it may import, its own among them. */
  layers: string[];
  /** Packages that it may import; `runtime` stands for every dependency of package.json, `node:` for Node's own. */
  packages: string[];
}

const rows: Record<string, Layer> = {
  index: { layers: ['core'], packages: [] },
  core: { layers: ['core', 'kernels'], packages: [] },
  kernels: { layers: ['kernels'], packages: [] },
  formats: { layers: ['formats', 'core'], packages: ['apache-arrow', 'hyparquet', 'udsv', 'fflate'] },
  protocol: { layers: ['protocol', 'core'], packages: ['valibot'] },
  operators: { layers: ['operators', 'core', 'protocol'], packages: ['rxjs', '#websocket'] },
  sources: { layers: ['sources', 'core', 'formats', 'protocol', 'operators'], packages: ['rxjs', '#websocket'] },
  'sources/node': {
    layers: ['sources/node', 'sources', 'core', 'formats', 'protocol', 'operators'],
    packages: ['rxjs', '#websocket', 'node:'],
  },
  testing: { layers: ['testing', 'core', 'operators'], packages: ['rxjs', 'fast-check'] },
  server: {
    layers: ['server', 'core', 'kernels', 'formats', 'protocol', 'operators', 'sources', 'sources/node', 'testing'],
    packages: ['runtime', 'node:'],
  },
  cli: {
    layers: [
      'cli',
      'index',
      'core',
      'kernels',
      'formats',
      'protocol',
      'operators',
      'sources',
      'sources/node',
      'testing',
      'server',
    ],
    packages: ['runtime', 'node:'],
  },
  client: {
    layers: ['client', 'index', 'core', 'operators', 'protocol', 'formats', 'sources'],
    packages: ['uplot', 'lit', 'lit-html', 'd3-scale-chromatic', 'rxjs'],
  },
  examples: { layers: [], packages: ['tapline', 'rxjs', 'node:'] },
};

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  exports: Record<string, unknown>;
};
const runtime = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies), '#websocket'];
const entries = Object.keys(manifest.exports).map((entry) => posix.join('tapline', entry));

const files = ['src', 'client', 'examples']
  .filter((directory) => existsSync(join(root, directory)))
  .flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((file) =>
      posix.join(directory, file.split(sep).join('/')),
    ),
  )
  .filter((file) => /\.(ts|js|mjs)$/.test(file) && !file.includes('/assembly/'));

/** The row of the table that a file belongs to. */
function layerOf(file: string): string {
  const [top, ...rest] = file.split('/');
  if (top !== 'src') return top;
  if (rest.length === 1) return 'index';
  return rest[0] === 'sources' && rest[1] === 'node' && rest.length > 2 ? 'sources/node' : rest[0];
}

/** What a file imports: static, dynamic, type and re-exports. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName);
}

/** Why a file of `layer` may not import `target`; undefined when it may. */
function refusal(file: string, target: string): string | undefined {
  const layer = layerOf(file);
  const row = rows[layer] as Layer | undefined;
  if (!row) return `${file} lies in no layer of the table`;
  const specifier = target.split('?')[0];
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(file), specifier);
    const other = path === 'package.json' ? layer : layerOf(path);
    const within = layer === other && layer !== 'examples';
    return within || row.layers.includes(other) ? undefined : `${file} (${layer}) imports ${path} (${other})`;
  }
  const name = specifier.startsWith('node:') ? 'node:' : /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
  const known =
    name !== undefined && (row.packages.includes(name) || (row.packages.includes('runtime') && runtime.includes(name)));
  if (!known) return `${file} (${layer}) imports ${specifier}`;
  return name === 'tapline' && !entries.includes(specifier)
    ? `${file} imports ${specifier}, no public entry`
    : undefined;
}

describe('the layer table', () => {
  test('every file imports only what its layer may', () => {
    const refusals = files.flatMap((file) => importsOf(file).flatMap((target) => refusal(file, target) ?? []));
    expect(refusals).toEqual([]);
  });

  test('sees every kind of import, and refuses what is not in the table', () => {
    const seen = ts.preProcessFile(
      `import a from 'a'; import type { B } from "b"; export * from 'c'; await import('d');`,
    );
    expect(seen.importedFiles.map(({ fileName }) => fileName)).toEqual(['a', 'b', 'c', 'd']);
    expect(refusal('src/core/x.ts', 'rxjs')).toBe('src/core/x.ts (core) imports rxjs');
    expect(refusal('src/core/x.ts', '../operators/lift.ts')).toContain('imports src/operators/lift.ts (operators)');
    expect(refusal('client/x.ts', '../src/sources/node/host.ts')).toContain('(sources/node)');
    expect(refusal('src/sources/x.ts', 'node:fs')).toBe('src/sources/x.ts (sources) imports node:fs');
    expect(refusal('src/sources/node/x.ts', 'node:fs')).toBeUndefined();
    expect(refusal('src/protocol/x.ts', 'rxjs/operators')).toBe('src/protocol/x.ts (protocol) imports rxjs/operators');
    expect(refusal('examples/x.ts', '../src/index.ts')).toContain('(examples) imports src/index.ts');
    expect(refusal('examples/x.ts', 'tapline/core')).toBe('examples/x.ts imports tapline/core, no public entry');
    expect(refusal('examples/x.ts', 'tapline/operators')).toBeUndefined();
    expect(refusal('src/misc/x.ts', './y.ts')).toBe('src/misc/x.ts lies in no layer of the table');
  });

  test('core and kernels know no clock, no chance, no process and no page', () => {
    const worldly =
      /\b(Math\.random|Date\.now|new Date|performance\.|setTimeout\(|setInterval\(|document\.|process\.|console\.|fetch\()/;
    const found = files
      .filter((file) => /^src\/(core|kernels)\//.test(file))
      .filter((file) => worldly.test(readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '')));
    expect(found).toEqual([]);
  });
});

describe('files', () => {
  test('none is over 250 lines', () => {
    const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 251);
    expect(long).toEqual([]);
  });

  test('have one idea and its name in kebab-case', () => {
    const names = files
      .filter((file) => file.startsWith('src/') || file.startsWith('client/'))
      .map((file) => posix.basename(file));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.(ts|js|mjs)$/.test(name))).toEqual([]);
    expect(names.filter((name) => /^(utils?|common|helpers?|types|misc)\./.test(name))).toEqual([]);
  });
});
