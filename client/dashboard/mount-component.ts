import { noChange } from 'lit-html';
import { AsyncDirective, directive, type DirectiveResult } from 'lit-html/async-directive.js';
import { type ElementPart, type PartInfo, PartType } from 'lit-html/directive.js';

/** A component that is mounted in an element until it is destroyed. */
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
    if (part.type !== PartType.ELEMENT) throw new TypeError('mountComponent must be used as an element directive');
  }

  override update(part: ElementPart, args: [key: string, settings: unknown, mount: Mount]): unknown {
    this.#element = part.element as HTMLElement;
    return this.render(...args);
  }

  override render(key: string, settings: unknown, mount: Mount): unknown {
    if (!this.#element) return noChange;
    const serialized = JSON.stringify(settings);
    if (key !== this.#key || !this.#mounted) {
      this.#mounted?.destroy();
      this.#mounted = mount(this.#element, settings);
    } else if (serialized !== this.#settings) this.#mounted.set(settings);
    this.#key = key;
    this.#settings = serialized;
    return noChange;
  }

  protected override disconnected(): void {
    this.#mounted?.destroy();
    this.#mounted = undefined;
  }
}

const directiveOf = directive(MountComponent);

/**
 * An element directive that mounts a component in the element. A new `key` destroys the component and mounts another one,
 * new settings are passed to `set`, and the component is destroyed when the element is removed.
 */
export function mountComponent<Settings>(
  key: string,
  settings: Settings,
  mount: (element: HTMLElement, settings: Settings) => MountedComponent<Settings>,
): DirectiveResult {
  return directiveOf(key, settings, mount as Mount);
}
