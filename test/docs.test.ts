import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Subscription } from 'rxjs';
import { createServer, type TaplineServer } from 'tapline/server';
import { eegChannels, eegSource, publish } from 'tapline/sources';
import { hostSource } from 'tapline/sources/node';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, run, runScript } from './run-process.ts';
import { sharedData } from './shared-data.ts';

interface Fence {
  language: string;
  text: string;
  line: number;
  /** The following `text` block: the expected output. */
  output?: string;
}

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/concepts.md',
  'docs/learning.md',
  'docs/networks.md',
  'docs/eeg.md',
  'docs/iot.md',
  'docs/anomalies.md',
  'docs/embed.md',
  'docs/speed.md',
  'docs/extending.md',
  'docs/upgrading.md',
  'docs/recording.md',
  'docs/reliability.md',
  'docs/protocol.md',
];
const recording = sharedData('openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt');
const ssvep = sharedData('ssvep/subject01-2012.07.06-19.02.16.gdf');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts;

/** Replaces `npx` for this clone: uses a free port, a new state directory, the test server, and the maximum playback speed. */
const npx = `#!/bin/sh
tool=$1; shift
if [ "$tool" = tsx ]; then file=$1; shift; exec node --import "$TSX" "$CLONE/$file" "$@"; fi
[ "$tool" = tapline ] || exit 127
case $1 in
  serve) set -- "$@" --port 0 --state "$(mktemp -d "$STATES/XXXXXX")" ;;
  simulate) set -- "$@" --to "$SERVER" ;;
  replay) set -- "$@" --to "$SERVER" --speed max ;;
  record | tail) set -- "$@" --from "$SERVER" ;;
esac
exec node "$CLONE/dist/src/cli/main.js" "$@"
`;

/** The fenced code blocks of a document. */
function fencesOf(document: string): Fence[] {
  const fences: Fence[] = [];
  const lines = readFileSync(join(root, document), 'utf8').split('\n');
  for (let i = 0; i < lines.length; i++) {
    const language = /^```(\w+)$/.exec(lines[i])?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', i + 1);
    const text = `${lines.slice(i + 1, end).join('\n')}\n`;
    const before = fences.at(-1);
    if (language === 'text' && before) before.output = text;
    fences.push({ language, text, line: i + 1 });
    i = end;
  }
  return fences;
}

let directory = '';
let server: TaplineServer;
const publishers = new Subscription();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tapline-docs-'));
  for (const folder of ['bin', 'node_modules']) mkdirSync(join(directory, folder));
  symlinkSync(root, join(directory, 'node_modules/tapline'), 'junction');
  for (const name of ['rxjs', 'fft.js'])
    symlinkSync(join(root, 'node_modules', name), join(directory, 'node_modules', name), 'junction');
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(directory, 'bin/npx'), npx, { mode: 0o755 });
  for (const file of [recording, ssvep]) if (file) symlinkSync(file, join(directory, basename(file)));
  // the files that the Python examples in docs/eeg.md write
  for (const file of ['eegnet.safetensors', 'forecaster.safetensors'])
    symlinkSync(join(root, 'test/vectors/torch', file), join(directory, file));
  mkdirSync(join(directory, 'states'));
  server = await createServer({ port: 0, statePath: join(directory, '.tapline') });
  const ingest = `${server.url.replace('http', 'ws')}/ingest`;
  const { channels, rate, blocks } = hostSource();
  const ignore = { error: () => {} }; // an example can replace these streams with its own
  const headset = publish(`${ingest}/headset`, { channels: eegChannels, rate: 250, kind: 'eeg' }, eegSource());
  publishers.add(headset.subscribe(ignore));
  publishers.add(publish(`${ingest}/host`, { channels, rate, kind: 'host' }, blocks).subscribe(ignore));
});

afterAll(async () => {
  publishers.unsubscribe();
  await server.close();
  rmSync(directory, { recursive: true });
});

/** Runs a block in a temporary directory. A command that keeps running is stopped when it reports that it is running. */
async function runShell({ text, output }: Fence): Promise<void> {
  const npmLines = text.split('\n').filter((line) => /^npm /.test(line));
  const names = npmLines.flatMap((line) =>
    [...line.matchAll(/npm (?:run )?(?!ci\b|pack\b|run\b)(\w[\w:-]*)/g)].map(([, name]) => name),
  );
  for (const name of names) expect(Object.keys(scripts)).toContain(name);
  if (npmLines.length > 0) return;
  const environment = {
    PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
    TSX: import.meta.resolve('tsx'),
    CLONE: root,
    STATES: join(directory, 'states'),
    SERVER: server.url.replace('http', 'ws'),
  };
  const until = /Tapline is running at .*\n|[Pp]ublishing .*\n/;
  const { stdout, stderr, code } = await run('bash', ['-ec', text.trim()], { cwd: directory, environment, until });
  expect(code, stderr).toBe(0);
  if (output !== undefined) expect(stdout).toBe(output);
}

async function runTypeScript({ text, output, line }: Fence, document: string): Promise<void> {
  const file = join(directory, `${basename(document, '.md')}-${line}.ts`);
  writeFileSync(file, text.replaceAll('ws://127.0.0.1:8080', server.url.replace('http', 'ws')));
  const { stdout, stderr, code } = await runScript(file, [], { cwd: directory });
  expect(code, stderr).toBe(0);
  expect(stdout).toBe(output);
}

/** Whether a link of `document` leads to a file, and to a heading in it. */
function isTarget(document: string, link: string): boolean {
  const [path, heading] = link.split('#');
  const file = path === '' ? document : join(dirname(document), path);
  if (!existsSync(file)) return false;
  return heading === undefined || slugsOf(readFileSync(file, 'utf8')).includes(heading);
}

/** The anchors that GitHub gives to the headings of a document. */
function slugsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(documents)('%s', (document) => {
  const fences = fencesOf(document);

  for (const fence of fences.filter(({ language }) => ['sh', 'ts'].includes(language))) {
    const isMissing =
      (!recording && fence.text.includes('OpenBCI_GUI-v6')) || (!ssvep && fence.text.includes('subject01-'));
    const name = `line ${fence.line} runs and prints what is shown: ${fence.text.split('\n')[0]}`;
    const check = () => (fence.language === 'sh' ? runShell(fence) : runTypeScript(fence, document));
    test.skipIf(isMissing)(name, check, 180_000);
  }

  test('links only to existing files and headings', () => {
    const text = readFileSync(join(root, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !isTarget(join(root, document), link))).toEqual([]);
  });
});

test('the TypeScript in the documents passes the type check', () => {
  const programs = documents.flatMap((document) =>
    fencesOf(document)
      .filter(({ language }) => language === 'ts')
      .map(({ text, line }) => {
        const file = join(directory, `${basename(document, '.md')}-${line}-types.ts`);
        writeFileSync(file, text);
        return file;
      }),
  );
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(programs, options));
  const messages = diagnostics.map(
    ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
  );
  expect(messages).toEqual([]);
});
