import { html, type TemplateResult } from 'lit-html';
import { formatRate } from '../format-time.ts';
import { type Coupling, SignalPlot } from '../signal-plot.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { card, choice } from './controls-view.ts';
import { mountComponent, type MountedComponent } from './mount-component.ts';
import { type DashboardState, isEeg, type StreamSettings } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import type { StreamFeed } from './stream-feed.ts';
import { longestWindow } from './time-windows.ts';

/** Lanes drawn by default. */
const maxLanes = 16;

/** Lanes in a preview card. */
export const maxPreviewLanes = 5;

const couplingCaptions = { ac: 'running mean (1 s) removed', dc: 'as measured, one scale per channel' };

interface SignalSettings {
  coupling: Coupling;
  visible: readonly number[];
}

/** The card of the raw signal. */
export function signalView(
  state: DashboardState,
  info: StreamInfo,
  feed: StreamFeed,
  settings: StreamSettings,
  store: DashboardStore,
): TemplateResult {
  const coupling = couplingOf(info, settings);
  const visible = visibleChannels(info, settings);
  const rate = info.rate > 0 ? formatRate(info.rate) : 'Irregular sampling rate';
  return card({
    name: 'signal',
    title: `${coupling === 'ac' ? 'Signal, high-passed at 0.16 Hz' : 'Raw signal'}: ${info.name}`,
    help: 'AC subtracts the running mean (1 s), which is a high-pass filter at 0.16 Hz, and shows it under the channel name. DC shows the samples as measured, with one scale per channel. A bar at the edge of a lane marks where a line leaves it.',
    caption:
      state.paused && !feed.view.paused
        ? 'Shown live: this stream had no data when you paused.'
        : `${rate}, ${couplingCaptions[coupling]}.`,
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
      class="component"
      data-testid="signal"
      ${mountComponent(keyOf(info), { coupling, visible }, mountSignal(info, feed, 'dashboard'))}
    ></div>`,
  });
}

/** A signal with few lanes, for a preview card. */
export function signalPreview(info: StreamInfo, feed: StreamFeed, settings: StreamSettings): TemplateResult {
  const visible = visibleChannels(info, settings).slice(0, maxPreviewLanes);
  const options = { coupling: couplingOf(info, settings), visible };
  return html`<div
    class="component"
    data-testid="small-signal"
    ${mountComponent(keyOf(info), options, mountSignal(info, feed))}
  ></div>`;
}

function mountSignal(info: StreamInfo, feed: StreamFeed, sync?: string) {
  return (element: HTMLElement, settings: SignalSettings): MountedComponent<SignalSettings> => {
    const { channels } = info;
    const cursor = sync === undefined ? {} : { sync };
    const history = longestWindow(info.rate);
    const plot = new SignalPlot(element, { channels, history, view: feed.view, lag: false, ...cursor, ...settings });
    const detach = feed.attach({
      raw: (block) => block.channels === channels.length && plot.push(block),
      spans: (spans) => plot.mark(spans),
    });
    return {
      set: (changed) => plot.set(changed),
      destroy: () => {
        detach();
        plot.destroy();
      },
    };
  };
}

function channelsView(info: StreamInfo, visible: readonly number[], store: DashboardStore): TemplateResult {
  const setVisible = (channel: number, on: boolean): void => {
    const shown = new Set(visible);
    if (on) shown.add(channel);
    else shown.delete(channel);
    if (shown.size === 0) return;
    store.setStream(info.name, { hidden: info.channels.map((_, at) => at).filter((at) => !shown.has(at)) });
  };
  return html`<details class="menu">
    <summary data-testid="channels">Channels ${visible.length}/${info.channels.length}</summary>
    <div class="menu-body" role="group" aria-label="Visible channels">
      ${info.channels.map(
        ({ label }, channel) =>
          html`<label
            ><input
              type="checkbox"
              .checked=${visible.includes(channel)}
              @change=${(event: Event) => setVisible(channel, (event.target as HTMLInputElement).checked)}
            />${label}</label
          >`,
      )}
    </div>
  </details>`;
}

/** Indices of the channels that are drawn. */
export function visibleChannels(info: StreamInfo, { hidden }: StreamSettings): number[] {
  const all = info.channels.map((_, at) => at);
  return hidden ? all.filter((at) => !hidden.includes(at)) : all.slice(0, maxLanes);
}

/** The coupling set by the user; by default AC for EEG, whose offset is of no interest, else DC: the samples as measured. */
export function couplingOf(info: StreamInfo, settings: StreamSettings): Coupling {
  return settings.coupling ?? (isEeg(info) ? 'ac' : 'dc');
}

/** A key that changes when the component must be created anew. */
function keyOf(info: StreamInfo): string {
  return JSON.stringify([info.name, info.run, info.rate, info.channels]);
}
