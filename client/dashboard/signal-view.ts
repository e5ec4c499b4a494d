import { html, type TemplateResult } from 'lit-html';
import { formatRate } from '../format-time.ts';
import { type Coupling, SignalPlot } from '../signal-plot.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { card, choice } from './controls-view.ts';
import { type MountedComponent, mountComponent } from './mount-component.ts';
import type { DashboardState, StreamSettings } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import type { StreamFeed } from './stream-feed.ts';
import { longestWindow } from './time-windows.ts';

/** No more lanes than this are drawn until somebody asks for more. */
const maxLanes = 16;

/** No more lanes than this are drawn small. */
export const maxPreviewLanes = 5;

const aboutCoupling = {
  ac: 'the slow mean of each channel is taken off, and written as DC',
  dc: 'each channel has its own scale',
};

interface SignalSettings {
  coupling: Coupling;
  visible: readonly number[];
}

/** The card of raw channels. */
export function signalView(
  state: DashboardState,
  info: StreamInfo,
  feed: StreamFeed,
  settings: StreamSettings,
  store: DashboardStore,
): TemplateResult {
  const coupling = couplingOf(info, settings);
  const visible = visibleChannels(info, settings);
  const rate = info.rate > 0 ? formatRate(info.rate) : 'irregular';
  return card({
    name: 'signal',
    title: `Raw signal of ${info.name}`,
    about:
      'AC takes the running mean (1 s) off each channel and writes it under its name as DC; DC shows samples as they were measured, each channel on its own scale.',
    caption:
      state.paused && !feed.view.paused
        ? 'Shown live: nothing of this stream had been seen when the page was paused.'
        : `${rate}, newest on the right; ${aboutCoupling[coupling]}.`,
    controls: [
      choice<Coupling>({
        label: 'Coupling',
        testid: 'coupling',
        value: coupling,
        choices: [
          { value: 'ac', text: 'AC' },
          { value: 'dc', text: 'DC' },
        ],
        onSelect: (value) => store.setStream(info.name, { coupling: value }),
      }),
      channelsView(info, visible, store),
    ],
    body: html`<div
      class="piece"
      data-testid="signal"
      ${mountComponent(`${shapeOf(info)}`, { coupling, visible }, mountSignal(info, feed, 'page'))}
    ></div>`,
  });
}

/** A signal with few lanes and nothing around it. */
export function signalPreview(info: StreamInfo, feed: StreamFeed, settings: StreamSettings): TemplateResult {
  const visible = visibleChannels(info, settings).slice(0, maxPreviewLanes);
  const shown = { coupling: couplingOf(info, settings), visible };
  return html`<div
    class="piece"
    data-testid="small-signal"
    ${mountComponent(shapeOf(info), shown, mountSignal(info, feed))}
  ></div>`;
}

function mountSignal(info: StreamInfo, feed: StreamFeed, sync?: string) {
  return (element: HTMLElement, settings: SignalSettings): MountedComponent<SignalSettings> => {
    const { channels } = info;
    const cursor = sync === undefined ? {} : { sync };
    const history = longestWindow(info.rate);
    const plot = new SignalPlot(element, { channels, history, view: feed.view, lag: false, ...cursor, ...settings });
    const end = feed.attach({
      raw: (block) => block.channels === channels.length && plot.push(block),
      spans: (spans) => plot.mark(spans),
    });
    return {
      set: (changed) => plot.set(changed),
      destroy: () => {
        end();
        plot.destroy();
      },
    };
  };
}

function channelsView(info: StreamInfo, visible: readonly number[], store: DashboardStore): TemplateResult {
  const flip = (channel: number, on: boolean): void => {
    const shown = new Set(visible);
    if (on) shown.add(channel);
    else shown.delete(channel);
    if (shown.size === 0) return;
    store.setStream(info.name, { hidden: info.channels.map((_, at) => at).filter((at) => !shown.has(at)) });
  };
  return html`<details class="menu">
    <summary data-testid="channels">Channels ${visible.length}/${info.channels.length}</summary>
    <div class="menu-body" role="group" aria-label="Channels shown">
      ${info.channels.map(
        ({ label }, channel) =>
          html`<label
            ><input
              type="checkbox"
              .checked=${visible.includes(channel)}
              @change=${(event: Event) => flip(channel, (event.target as HTMLInputElement).checked)}
            />${label}</label
          >`,
      )}
    </div>
  </details>`;
}

/** Places of the channels that are drawn. */
export function visibleChannels(info: StreamInfo, { hidden }: StreamSettings): number[] {
  const all = info.channels.map((_, at) => at);
  return hidden ? all.filter((at) => !hidden.includes(at)) : all.slice(0, maxLanes);
}

/** Fast signals ride on an offset that says little; slow ones are their level. */
function couplingOf(info: StreamInfo, settings: StreamSettings): Coupling {
  return settings.coupling ?? (info.rate >= 50 ? 'ac' : 'dc');
}

/** A piece is made anew when this changes. */
function shapeOf(info: StreamInfo): string {
  return JSON.stringify([info.name, info.run, info.rate, info.channels]);
}
