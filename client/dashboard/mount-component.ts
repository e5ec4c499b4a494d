import { noChange } from 'lit-html';
import { AsyncDirective, directive, type DirectiveResult } from 'lit-html/async-directive.js';
import { type ElementPart, type PartInfo, PartType } from 'lit-html/directive.js';

/** Something that lives in an element until it is destroyed. */
export interface MountedComponent<Settings> {
  set(settings: Settings): void;
  destroy(): void;
}

type Mount = (element: HTMLElement, settings: unknown) => MountedComponent<unknown>;

class MountComponent extends AsyncDirective {
  #element: HTMLElement | undefined;
  #key: string | undefined;
  #settings = '';
  #mounted: MountedComponent<unknown> | undefined;

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new TypeError('mountPiece must be used on an element');
  }

  override update(part: ElementPart, args: [key: string, settings: unknown, mount: Mount]): unknown {
    this.#element = part.element as HTMLElement;
    return this.render(...args);
  }

  override render(key: string, settings: unknown, mount: Mount): unknown {
    if (!this.#element) return noChange;
    const written = JSON.stringify(settings);
    if (key !== this.#key || !this.#mounted) {
      this.#mounted?.destroy();
      this.#mounted = mount(this.#element, settings);
    } else if (written !== this.#settings) this.#mounted.set(settings);
    this.#key = key;
    this.#settings = written;
    return noChange;
  }

  protected override disconnected(): void {
    this.#mounted?.destroy();
    this.#mounted = undefined;
  }
}

const directiveOf = directive(MountComponent);

/**
 * Mounts a piece in the element that this stands on, once for each `key`: a new key destroys the piece and mounts another,
 * new settings are given to the one that is there, and when the element goes the piece is destroyed.
 */
export function mountComponent<Settings>(
  key: string,
  settings: Settings,
  mount: (element: HTMLElement, settings: Settings) => MountedComponent<Settings>,
): DirectiveResult {
  return directiveOf(key, settings, mount as Mount);
}
