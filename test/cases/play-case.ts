import { WebSocket } from 'ws';
import { timeOf } from '../../src/core/blocks/block.ts';
import { parseWatch, type WatchMessage } from '../../src/protocol/index.ts';
import type { MessageCase, Observed, Step } from './message-case.ts';

/** What the server has said to a sensor. */
type Heard = Pick<Observed, 'errors' | 'sentences' | 'closed' | 'statuses' | 'runs'>;

/** Plays the steps of a case as a sensor of the server at `url` (http://…), and returns what a viewer observes. */
export async function playCase({ name, path, query = '', steps }: MessageCase, url: string): Promise<Observed> {
  const stream = path ?? name;
  const heard: Heard = { errors: 0, sentences: [], closed: undefined, statuses: [], runs: [] };
  const address = (search: string) => `${url}/ingest/${stream}${search}`;
  let socket = steps.some(needsSocket) ? await connected(address(query), heard) : undefined;
  for (const step of steps) {
    if (step.connect !== undefined) {
      await closed(socket);
      socket = await connected(address(step.connect), heard);
    } else if (step.get === true) await request(address(query), {}, heard);
    else if (step.post !== undefined) {
      const body = typeof step.post === 'string' ? step.post : JSON.stringify(filled(step.post));
      const headers = { 'content-type': step.as ?? 'application/json' };
      await request(address(query), { method: 'POST', body, headers }, heard);
    } else socket?.send(bytesOf(step));
    await processed(socket);
  }
  const seen = await watched(stream, url);
  await closed(socket);
  return { ...heard, ...seen };
}

function needsSocket(step: Step): boolean {
  return ['send', 'text', 'hex', 'connect'].some((key) => key in step);
}

function bytesOf({ send, text, hex }: Step): string | Buffer {
  return hex === undefined ? (text ?? JSON.stringify(filled(send))) : Buffer.from(hex.replace(/\s/g, ''), 'hex');
}

/** Replaces `{{now-7200000}}` by the time minus that many ms. */
function filled(value: unknown): unknown {
  const text = JSON.stringify(value);
  return JSON.parse(text.replace(/"\{\{now([+-]\d+)?\}\}"/g, (_, shift = '0') => String(Date.now() + Number(shift))));
}

async function connected(url: string, heard: Heard): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), ['tapline.v1']);
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    const reply = JSON.parse(data.toString()) as { type: string; code?: string; message?: string; run?: number };
    if (reply.type === 'error') heard.errors++;
    if (reply.message !== undefined) heard.sentences.push(`${reply.message} (${reply.code ?? 'warning'})`);
    if (reply.type === 'welcome') heard.runs.push(reply.run!);
  });
  socket.on('close', (code, reason) => {
    if (code !== 1000) heard.closed = code;
    heard.sentences.push(reason.toString());
  });
  await new Promise((resolve) => socket.once('open', resolve));
  await processed(socket);
  return socket;
}

/** Resolves when the server has processed everything that was sent: it answers a ping in order. */
async function processed(socket: WebSocket | undefined): Promise<void> {
  if (socket?.readyState !== WebSocket.OPEN) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('close', done).off('pong', done);
      resolve();
    };
    socket.on('close', done).on('pong', done);
    socket.ping();
  });
}

async function closed(socket: WebSocket | undefined): Promise<void> {
  if (!socket || socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.close(1000);
  });
}

async function request(url: string, init: RequestInit, heard: Heard): Promise<void> {
  const response = await fetch(url, init);
  heard.statuses.push(response.status);
  heard.sentences.push(await response.text());
}

/** What a viewer with `recent` receives about a stream, up to the next report of its health. */
async function watched(stream: string, url: string): Promise<Omit<Observed, keyof Heard>> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/watch`, ['tapline.v1']);
  const messages: WatchMessage[] = [];
  let waits = false;
  const health = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer, isBinary) => {
      const message = parseWatch(isBinary ? data : data.toString());
      messages.push(message);
      const isListed = message.type === 'streams' && message.streams.some(({ name }) => name === stream);
      if (isListed && messages.length === 1) {
        waits = true;
        socket.send(JSON.stringify({ type: 'subscribe', id: 1, stream, what: ['raw', 'marks'], recent: true }));
      } else if (message.type === 'subscribed') waits = false;
      else if (message.type === 'health' && !waits) resolve();
    });
  });
  await health;
  socket.close(1000);
  const list = messages.flatMap((message) => (message.type === 'streams' ? message.streams : []));
  const known = list.find(({ name }) => name === stream);
  const blocks = messages.flatMap((message) => (message.type === 'block' ? [message.block] : []));
  const overview = (await (await fetch(`${url}/healthz`)).json()) as { streams: { name: string }[] };
  const healths = messages.flatMap((message) => (message.type === 'health' ? message.streams : []));
  const reports = [known, ...healths, ...overview.streams].filter((report) => report?.name === stream);
  return {
    stream: known ?? null,
    frames: blocks.flatMap(({ data, channels }) =>
      Array.from({ length: data.length / channels }, (_, frame) =>
        Array.from(data.subarray(frame * channels, (frame + 1) * channels), (x) => (Number.isNaN(x) ? null : x)),
      ),
    ),
    times: blocks.flatMap((block) =>
      Array.from({ length: block.data.length / block.channels }, (_, frame) => timeOf(block, block.start + frame)),
    ),
    gaps: messages.filter(({ type }) => type === 'gap'),
    marks: messages.filter(({ type }) => type === 'mark'),
    reported: JSON.stringify(reports),
  };
}
