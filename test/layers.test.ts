import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

interface Layer {
  /** Layers whose files it may import; its own are always allowed. */
  layers: string[];
  /** Packages it may import; `runtime` stands for every dependency in package.json, `node:` for Node's own modules. */
  packages: string[];
}

/** Rooms of src/core, from the bottom to the top. A room may import from the floors below its own, type imports included. */
const floors = [
  ['core'],
  ['core/state'],
  ['core/filters', 'core/blocks', 'core/memory'],
  ['core/layers', 'core/detector'],
  ['core/network', 'core/alarms'],
  ['core/learning', 'core/designs', 'core/reference'],
  ['core/pipeline'],
];
const core = floors.flat();
const rooms = floors.flatMap((floor, level) =>
  floor.map((room): [string, Layer] => [room, { layers: ['kernels', ...floors.slice(0, level).flat()], packages: [] }]),
);

const rows: Record<string, Layer> = {
  ...Object.fromEntries(rooms),
  index: { layers: core, packages: [] },
  kernels: { layers: [], packages: [] },
  formats: { layers: ['core', 'core/blocks'], packages: [] },
  protocol: { layers: ['core', 'core/blocks', 'core/alarms'], packages: ['valibot'] },
  operators: { layers: [...core, 'protocol'], packages: ['rxjs', '#websocket'] },
  sources: { layers: [...core, 'formats', 'protocol', 'operators'], packages: ['rxjs', '#websocket'] },
  'sources/node': {
    layers: [...core, 'sources', 'formats', 'protocol', 'operators'],
    packages: ['rxjs', '#websocket', 'node:'],
  },
  store: { layers: [...core, 'formats', 'protocol'], packages: ['libsql', 'node:'] },
  testing: { layers: [...core, 'operators'], packages: ['rxjs', 'fast-check'] },
  server: {
    layers: [...core, 'kernels', 'formats', 'protocol', 'operators', 'sources', 'sources/node', 'testing', 'store'],
    packages: ['runtime', 'node:'],
  },
  cli: {
    layers: [
      ...core,
      'index',
      'kernels',
      'formats',
      'protocol',
      'operators',
      'sources',
      'sources/node',
      'testing',
      'store',
      'server',
      'store',
    ],
    packages: ['runtime', 'node:'],
  },
  client: {
    layers: [...core, 'index', 'operators', 'protocol', 'formats', 'sources'],
    packages: ['uplot', 'lit', 'lit-html', 'd3-scale-chromatic', 'rxjs'],
  },
  bin: { layers: ['cli'], packages: ['node:'] },
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

const files = ['bin', 'src', 'client', 'examples']
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
  if (rest[0] === 'core') return rest.length === 2 ? 'core' : `core/${rest[1]}`;
  return rest[0] === 'sources' && rest[1] === 'node' && rest.length > 2 ? 'sources/node' : rest[0];
}

/** What a file imports: static, dynamic, type and re-exports. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName);
}

/** Returns why a file may not import `target`, or undefined if it may. */
function importError(file: string, target: string): string | undefined {
  const layer = layerOf(file);
  const row = rows[layer] as Layer | undefined;
  if (!row) return `${file} belongs to no layer of the table`;
  const specifier = target.split('?')[0];
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(file), specifier);
    const other = path === 'package.json' ? layer : layerOf(path);
    // an example may use the files of a folder, but not another example
    const within = layer === other && (layer !== 'examples' || /^examples\/[a-z]\w*\//.test(path));
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

/** Circles of imports among `graph`'s files: strongly connected components of more than one file (Tarjan, 1972). */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    stack.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== order.get(file)) return;
    const members = stack.splice(stack.indexOf(file));
    if (members.length > 1) found.push(members.sort());
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

/** Every TypeScript file of the repository and the files it imports, types included. */
function importGraph(): Map<string, string[]> {
  const tops = ['bin', 'src', 'client', 'test', 'examples', 'bench', 'docs', 'python'];
  const all = tops
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((file) =>
        posix.join(directory, file.split(sep).join('/')),
      ),
    )
    .filter((file) => /\.(ts|js|mjs)$/.test(file) && !file.includes('node_modules/'));
  return new Map(
    all.map((file) => [
      file,
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(file), specifier.split('?')[0])),
    ]),
  );
}

describe('the layer table', () => {
  test('every file imports only what its layer may', () => {
    const importErrors = files.flatMap((file) => importsOf(file).flatMap((target) => importError(file, target) ?? []));
    expect(importErrors).toEqual([]);
  });

  test('no files import each other in a circle, type imports included', () => {
    expect(circles(importGraph())).toEqual([]);
  });

  test('finds circles of every length', () => {
    const graph = new Map([
      ['a', ['b', 'd']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', ['d']],
      ['f', ['a']],
    ]);
    expect(circles(graph)).toEqual([
      ['d', 'e'],
      ['a', 'b', 'c'],
    ]);
  });

  test('covers every kind of import, and reports imports that the table does not allow', () => {
    const seen = ts.preProcessFile(
      `import a from 'a'; import type { B } from "b"; export * from 'c'; await import('d');`,
    );
    expect(seen.importedFiles.map(({ fileName }) => fileName)).toEqual(['a', 'b', 'c', 'd']);
    expect(importError('src/core/x.ts', 'rxjs')).toBe('src/core/x.ts (core) imports rxjs');
    expect(importError('src/core/x.ts', '../operators/lift.ts')).toContain('imports src/operators/lift.ts (operators)');
    expect(importError('src/core/state/x.ts', '../memory/rows.ts')).toContain(
      '(core/state) imports src/core/memory/rows.ts',
    );
    expect(importError('src/core/learning/optimizers/x.ts', '../../state/state.ts')).toBeUndefined();
    expect(importError('src/core/layers/x.ts', '../network/network.ts')).toContain('(core/layers) imports');
    expect(importError('client/x.ts', '../src/sources/node/host.ts')).toContain('(sources/node)');
    expect(importError('src/sources/x.ts', 'node:fs')).toBe('src/sources/x.ts (sources) imports node:fs');
    expect(importError('src/sources/node/x.ts', 'node:fs')).toBeUndefined();
    expect(importError('src/protocol/x.ts', 'rxjs/operators')).toBe(
      'src/protocol/x.ts (protocol) imports rxjs/operators',
    );
    expect(importError('examples/x.ts', '../src/index.ts')).toContain('(examples) imports src/index.ts');
    expect(importError('examples/x.ts', 'tapline/core')).toBe('examples/x.ts imports tapline/core, no public entry');
    expect(importError('examples/x.ts', 'tapline/operators')).toBeUndefined();
    expect(importError('examples/x.ts', './y.ts')).toBe('examples/x.ts (examples) imports examples/y.ts (examples)');
    expect(importError('examples/x.ts', './11-y/z.ts')).toContain('imports examples/11-y/z.ts');
    expect(importError('examples/x.ts', './y/z.ts')).toBeUndefined();
    expect(importError('src/misc/x.ts', './y.ts')).toBe('src/misc/x.ts belongs to no layer of the table');
  });

  test('core and kernels use no clock, random numbers, timers, process, console, network, or document', () => {
    const platformCalls =
      /\b(Math\.random|Date\.now|new Date|performance\.|setTimeout\(|setInterval\(|document\.|process\.|console\.|fetch\()/;
    const found = files
      .filter((file) => /^src\/(core|kernels)\//.test(file))
      .filter((file) =>
        platformCalls.test(readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '')),
      );
    expect(found).toEqual([]);
  });
});

describe('files', () => {
  test('have kebab-case names that are not generic, such as utils or types', () => {
    const names = files
      .filter((file) => file.startsWith('src/') || file.startsWith('client/'))
      .map((file) => posix.basename(file));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.(ts|js|mjs)$/.test(name))).toEqual([]);
    expect(names.filter((name) => /^(utils?|common|helpers?|types|misc)\./.test(name))).toEqual([]);
  });
});
