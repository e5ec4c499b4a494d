/** Where a webhook is, and what is said there beside the alarm. */
export interface WebhookAddress {
  url: URL;
  headers: Readonly<Record<string, string>>;
}

/**
 * Reads the address of a webhook; `https://user:password@host` becomes a header, as `fetch` wants it. Throws a TypeError
 * that quotes no more of it than its scheme: the rest may be secret.
 */
export function webhookAddress(text: string): WebhookAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypeError(`webhook must be an http: or https: address, got ${url ? `one of ${url.protocol}` : 'none'}`);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const headers = { 'content-type': 'application/json', 'user-agent': 'tapline' };
  if (username === '' && password === '') return { url, headers };
  return { url, headers: { ...headers, authorization: `Basic ${base64(username, password)}` } };
}

function base64(username: string, password: string): string {
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
}

/** What was percent-encoded in an address; as it is, where it was not. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
