import * as v from 'valibot';
import { checkMessage, show } from './check-message.ts';
import * as field from './fields.ts';
import { clock, type Hello, readChannels } from './ingest.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

const codes = new Map<string, ErrorCode>([
  ['name', 'bad-name'],
  ['rate', 'bad-rate'],
  ['kind', 'bad-label'],
  ['for', 'bad-name'],
  ['clock', 'bad-clock'],
]);
const query = v.object({
  rate: v.optional(field.rate),
  kind: v.optional(field.label),
  for: v.optional(field.name),
  clock: v.optional(clock),
});

/** Returns the stream name in the path `/ingest/<stream>`. Throws a ProtocolError ('bad-name'). */
export function streamOf(pathname: string): string {
  let name = pathname.slice('/ingest/'.length);
  try {
    name = decodeURIComponent(name);
  } catch {
    throw new ProtocolError('bad-name', 'stream name must be percent-encoded UTF-8');
  }
  return checkMessage(v.object({ name: field.name }), { name }, codes).name;
}

/**
 * Whether the address contains `?if=free`: the server then closes the connection with 4002 instead of replacing a connected
 * sensor. Throws a ProtocolError ('bad-message') for any other value of `if`.
 */
export function requiresFreeName(search: URLSearchParams): boolean {
  const condition = search.get('if');
  if (condition === null || condition === 'free') return condition === 'free';
  throw new ProtocolError('bad-message', `if must be 'free', got ${show(condition)}`);
}

/**
 * Returns the hello in the query of an address, such as `?rate=250&channels=Fz,Cz&unit=uV&kind=eeg&for=eeg&fresh=1`.
 * `channels` is a number or comma-separated labels; `unit` is one unit for all channels or one per channel. Without a query, the
 * hello is empty.
 */
export function helloOf(search: URLSearchParams, limits: Limits = defaultLimits): Hello {
  const parameter = (key: string) => search.get(key) ?? undefined;
  const rate = parameter('rate');
  const fields = checkMessage(
    query,
    {
      rate: rate === undefined || rate === '' || Number.isNaN(Number(rate)) ? rate : Number(rate),
      kind: parameter('kind'),
      for: parameter('for'),
      clock: parameter('clock'),
    },
    codes,
  );
  const hello: Hello = { type: 'hello', ...fields };
  const fresh = parameter('fresh');
  if (fresh !== undefined) hello.fresh = fresh !== '0' && fresh !== 'false';
  const channels = parameter('channels');
  if (channels === undefined) return hello;
  const units = (parameter('unit') ?? '').split(',');
  const labels = /^\d+$/.test(channels) ? Number(channels) : channels.split(',').map((label) => label.trim());
  const list = readChannels(labels, limits.maxChannels);
  const unlabeled = typeof labels === 'number' && { unlabeled: true };
  return {
    ...hello,
    ...unlabeled,
    channels: list.map(({ label }, at) => ({ label, unit: units[units.length > 1 ? at : 0] ?? '' })),
  };
}

/** Parameters of an address. */
const parameters: readonly string[] = ['rate', 'channels', 'unit', 'kind', 'for', 'fresh', 'if', 'clock'];

/**
 * Returns a warning for each part of an address that is probably not intended.
 * @param others additional parameters that are accepted
 */
export function addressWarnings(search: URLSearchParams, others: readonly string[] = []): string[] {
  const all = [...parameters, ...others];
  const known = all.join(', ');
  const unknown = [...new Set(search.keys())].filter((key) => !all.includes(key)).slice(0, 8);
  const warnings = unknown.map(
    (key) => `parameter ${show(key)} is unknown and is ignored; the known parameters are ${known}`,
  );
  const channels = search.get('channels') ?? '';
  const units = (search.get('unit') ?? '').split(',').length;
  const count = /^\d+$/.test(channels) ? Number(channels) : channels.split(',').length;
  if (channels === '' && search.has('unit')) warnings.push('unit is ignored because channels is not given');
  if (channels !== '' && units > 1 && units !== count)
    warnings.push(`unit must be one unit, or one for each of the ${count} channels, got ${units} units`);
  return warnings;
}

/** Returns a warning if several channels have the same label. */
export function labelWarning(channels: readonly field.ChannelInfo[]): string | undefined {
  const labels = channels.map(({ label }) => label);
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  return twice === undefined ? undefined : `channels should have different labels, got ${show(twice)} twice`;
}
