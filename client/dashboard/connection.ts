/** The connection to the server. `until` is the time of the next attempt, in ms since 1970. */
export type Connection =
  | { readonly is: 'connecting' }
  | { readonly is: 'open' }
  | { readonly is: 'waiting'; readonly reason: string; readonly until: number }
  | { readonly is: 'ended'; readonly reason: string };
