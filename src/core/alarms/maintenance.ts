/** Streams whose alarms nobody wants to hear until a time: a name, or its beginning and `*`. */
export interface Maintenance {
  streams: string;
  /** ms. */
  until: number;
}

/** Whether a stream's name is meant by `streams`. */
export function isMeant(streams: string, name: string): boolean {
  return streams.endsWith('*') ? name.startsWith(streams.slice(0, -1)) : name === streams;
}

/** Whether a stream is in one of them at a time. */
export function isMaintained(list: readonly Maintenance[], name: string, time: number): boolean {
  return list.some(({ streams, until }) => until > time && isMeant(streams, name));
}

/** The list with one more, which takes the place of the one for the same streams; those that are over are left out. */
export function maintained(list: readonly Maintenance[], one: Maintenance, time: number): Maintenance[] {
  return [...list.filter(({ streams }) => streams !== one.streams), one].filter(({ until }) => until > time);
}
