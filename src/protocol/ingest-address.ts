import * as v from 'valibot';
import { checkMessage } from './check-message.ts';
import * as field from './fields.ts';
import { type Hello, readChannels } from './ingest.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

const codes = new Map<string, ErrorCode>([
  ['name', 'bad-name'],
  ['rate', 'bad-rate'],
  ['kind', 'bad-label'],
  ['for', 'bad-name'],
]);
const query = v.object({
  rate: v.optional(field.rate),
  kind: v.optional(field.label),
  for: v.optional(field.name),
});

/** The stream that `/ingest/<stream>` names. Throws a ProtocolError ('bad-name'). */
export function streamOf(pathname: string): string {
  let name = pathname.slice('/ingest/'.length);
  try {
    name = decodeURIComponent(name);
  } catch {
    throw new ProtocolError('bad-name', 'stream name must be percent-encoded UTF-8, got something else');
  }
  return checkMessage(v.object({ name: field.name }), { name }, codes).name;
}

/**
 * Whether the address asks with `?if=free` for a name that no other sensor uses: the server then closes the connection
 * with 4002 instead of replacing a connected sensor. Throws a ProtocolError ('bad-message') for any other value.
 */
export function requiresFreeName(search: URLSearchParams): boolean {
  const condition = search.get('if');
  if (condition === null || condition === 'free') return condition === 'free';
  throw new ProtocolError('bad-message', `if must be free, got '${condition.slice(0, 40)}'`);
}

/**
 * What `?rate=250&channels=Fz,Cz&unit=uV&kind=eeg&for=eeg&fresh=1` says in place of a hello; `channels` is a number or
 * labels, `unit` one for all or one each. Nothing said: an empty hello.
 */
export function helloOf(search: URLSearchParams, limits: Limits = defaultLimits): Hello {
  const said = (key: string) => search.get(key) ?? undefined;
  const rate = said('rate');
  const told = checkMessage(
    query,
    { rate: rate === undefined ? undefined : rate === '' ? rate : Number(rate), kind: said('kind'), for: said('for') },
    codes,
  );
  const hello: Hello = { type: 'hello', ...told };
  const fresh = said('fresh');
  if (fresh !== undefined) hello.fresh = fresh !== '0' && fresh !== 'false';
  const channels = said('channels');
  if (channels === undefined) return hello;
  const units = (said('unit') ?? '').split(',');
  const labels = /^\d+$/.test(channels) ? Number(channels) : channels.split(',').map((label) => label.trim());
  const list = readChannels(labels, limits.maxChannels);
  return { ...hello, channels: list.map(({ label }, at) => ({ label, unit: units[units.length > 1 ? at : 0] ?? '' })) };
}
