/** A labeled event that starts at `time` (ms since 1970) and lasts `duration` ms. */
export interface RibbonEvent {
  /** Start of the event, in ms since 1970. */
  readonly time: number;
  /** Duration in ms. Default 0. */
  readonly duration?: number;
  /** Text of the event. Events with the same label share a lane. */
  readonly label: string;
}

/** Events and kinds of events that a ribbon holds. */
const maxEvents = 2000;
const maxKinds = 4;

/** The event ribbon under a feature map, with one lane per label. */
export class Ribbon {
  #events: RibbonEvent[] = [];
  #kinds: string[] = [];

  /** The labels so far, in the order of their lanes. */
  get kinds(): readonly string[] {
    return this.#kinds;
  }

  /** Adds events, and returns whether a lane was added. Events with a fifth label are ignored. */
  add(events: readonly RibbonEvent[]): boolean {
    const kinds = this.#kinds.length;
    for (const event of events) {
      if (!this.#kinds.includes(event.label)) {
        if (this.#kinds.length === maxKinds) continue;
        this.#kinds = [...this.#kinds, event.label];
      }
      this.#events.push(event);
    }
    if (this.#events.length > maxEvents) this.#events = this.#events.slice(-maxEvents);
    return this.#kinds.length > kinds;
  }

  /** Index of a label's color. It depends only on the label, unless an earlier lane uses the same color. */
  color(kind: string): number {
    const taken = new Set<number>();
    for (const other of this.#kinds) {
      let color = Array.from(other).reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) >>> 0, 0) % maxKinds;
      while (taken.has(color)) color = (color + 1) % maxKinds;
      if (other === kind) return color;
      taken.add(color);
    }
    return 0;
  }

  /** Draws the lanes below `top` (canvas px), each `lane` px high. `place` converts a time to a canvas x. */
  draw(
    context: CanvasRenderingContext2D,
    area: { left: number; top: number; width: number; lane: number },
    place: (time: number) => number,
    colors: readonly string[],
    background: string,
  ): void {
    const right = area.left + area.width;
    const thick = area.lane * 0.62;
    this.#kinds.forEach((kind, at) => {
      const y = area.top + at * area.lane + (area.lane - thick) / 2;
      context.fillStyle = background;
      context.fillRect(area.left, y, area.width, thick);
      context.fillStyle = colors[this.color(kind)];
      for (const { time, duration = 0, label } of this.#events) {
        if (label !== kind) continue;
        const from = Math.max(area.left, place(time));
        const to = Math.min(right, Math.max(place(time + duration), place(time) + thick / 2));
        if (to > from) context.fillRect(from, y, to - from, thick);
      }
    });
  }
}
