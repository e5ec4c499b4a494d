import { html, type TemplateResult } from 'lit-html';
import { FeatureLines } from '../feature-lines.ts';
import { FeatureMap } from '../feature-map.ts';
import { formatDuration } from '../format-time.ts';
import { isPowerUnit } from '../decibel.ts';
import type { PaletteName } from '../palette.ts';
import { groupRows, isRegular } from '../row-groups.ts';
import type { MapInfo, StreamInfo } from '../../src/protocol/index.ts';
import { card, choice, waiting } from './controls-view.ts';
import { mountComponent, type MountedComponent } from './mount-component.ts';
import { type DashboardState, receivedFrames, selectedMap, type StreamSettings } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import type { StreamFeed } from './stream-feed.ts';
import { longestWindow } from './time-windows.ts';

/** Lines drawn at once. */
const maxLines = 8;

interface FeatureContext {
  readonly state: DashboardState;
  readonly info: StreamInfo;
  readonly map: MapInfo;
  readonly feed: StreamFeed;
  readonly settings: StreamSettings;
  readonly store: DashboardStore;
}

/** The cards of the selected feature map: a heatmap with labeled events under it, and a line chart. */
export function featuresView(context: Omit<FeatureContext, 'map'>): TemplateResult | undefined {
  const map = selectedMap(context.info, context.settings);
  return map && html`${heatmapView({ ...context, map })} ${linesView({ ...context, map })}`;
}

function heatmapView({ state, info, map, feed, settings, store }: FeatureContext): TemplateResult {
  const events = feed.hasEvents ? ' Bars: labeled events.' : '';
  return card({
    name: 'map',
    title: `Feature maps: ${map.name}`,
    help: 'Each row is one output of the convolution; the color bar shows the values. The dB switch shows power as 10 · log10(power), so that 10 times the power is 10 dB more.',
    caption: `${rowsCaption(map)}${delayCaption(map)}.${events}`,
    controls:
      info.maps.length > 1
        ? choice({
            label: 'Map',
            testid: 'map',
            value: settings.map ?? map.index,
            choices: info.maps.map(({ index, name }) => ({ value: index, text: name })),
            onSelect: (index) => store.setStream(info.name, { map: index }),
          })
        : undefined,
    body: html`${waiting(framesUntilValid(info, map), receivedFrames(state, info))}
      <div
        class="component"
        data-testid="feature-map"
        ${mountComponent(keyOf(info, map), { palette: state.palette, ...dBOption(map, state.dB) }, mountMap(info, map, feed))}
      ></div>`,
  });
}

/** Frames of the stream needed until the feature map's start-up is over. */
function framesUntilValid({ rate }: StreamInfo, map: MapInfo): number {
  return Math.ceil((map.warmUp * (rate || 1)) / (map.rate || 1)) + 1;
}

/** The rows from top to bottom, if the labels form regular groups: `Rows: delta to gamma, each with Fp1 to O2`. */
function rowsCaption({ labels }: MapInfo): string {
  const groups = groupRows(labels);
  if (!groups || !isRegular(groups)) return 'One row per output channel';
  const { name, rows } = groups[0];
  const each = rows.length > 2 ? `${rows[0]} to ${rows[rows.length - 1]}` : rows.join(' and ');
  return `Rows: ${name} to ${groups[groups.length - 1].name}, each with ${each}`;
}

function delayCaption({ groupDelay }: MapInfo): string {
  return groupDelay > 0 ? `. Delay: ${formatDuration(groupDelay / 1000)}` : '';
}

function linesView({ state, info, map, feed, settings, store }: FeatureContext): TemplateResult {
  const groups = lineGroups(map);
  const group = selectedLines(groups, settings.lines);
  return card({
    name: 'lines',
    title: `Lines: ${groups.length > 1 ? group.name : map.name}`,
    caption: 'Rows of the feature map as lines.',
    controls:
      groups.length > 1
        ? choice({
            label: 'Rows',
            testid: 'lines',
            value: group.name,
            choices: groups.map(({ name }) => ({ value: name, text: name })),
            onSelect: (lines) => store.setStream(info.name, { lines }),
          })
        : undefined,
    body: html`<div
      class="component"
      data-testid="feature-lines"
      ${mountComponent(keyOf(info, map), { rows: group.rows, ...dBOption(map, state.dB) }, mountLines(info, map, feed))}
    ></div>`,
  });
}

function mountMap(info: StreamInfo, map: MapInfo, feed: StreamFeed) {
  return (
    element: HTMLElement,
    settings: { palette: PaletteName; dB?: boolean },
  ): MountedComponent<typeof settings> => {
    const { labels, unit = '' } = map;
    const history = longestWindow(info.rate);
    const view = new FeatureMap(element, { labels, unit, history, view: feed.view, sync: 'dashboard', ...settings });
    const detach = feed.attach({
      features: (block, index) => index === map.index && block.channels === labels.length && view.push(block),
      events: (events) => view.ribbon(events),
    });
    return { set: (changed) => view.set(changed), destroy: () => (detach(), view.destroy()) };
  };
}

function mountLines(info: StreamInfo, map: MapInfo, feed: StreamFeed) {
  return (
    element: HTMLElement,
    settings: { rows: readonly number[]; dB?: boolean },
  ): MountedComponent<typeof settings> => {
    const { labels, unit = '' } = map;
    const history = longestWindow(info.rate);
    const lines = new FeatureLines(element, {
      labels,
      unit,
      history,
      view: feed.view,
      sync: 'dashboard',
      ...settings,
    });
    const detach = feed.attach({
      features: (block, index) => index === map.index && block.channels === labels.length && lines.push(block),
    });
    return { set: (changed) => lines.set(changed), destroy: () => (detach(), lines.destroy()) };
  };
}

/** The dB option, for units of power only. */
function dBOption({ unit = '' }: MapInfo, dB: boolean): { dB?: boolean } {
  return isPowerUnit(unit) ? { dB } : {};
}

interface LineGroup {
  readonly name: string;
  readonly rows: readonly number[];
}

/** Rows that can be drawn together: rows that share the first or the last part of their labels, else consecutive rows. */
function lineGroups(map: MapInfo): LineGroup[] {
  const groups = groupRows(map.labels);
  if (!groups) {
    const count = Math.ceil(map.labels.length / maxLines);
    return Array.from({ length: count }, (_, part) => {
      const rows = map.labels.map((_, row) => row).slice(part * maxLines, (part + 1) * maxLines);
      return { name: `${map.labels[rows[0]]} … ${map.labels[rows[rows.length - 1]]}`, rows };
    });
  }
  const along = groups.map(({ name, from, rows }) => ({ name, rows: rows.map((_, at) => from + at) }));
  const across = isRegular(groups)
    ? groups[0].rows.map((name, at) => ({ name, rows: groups.map(({ from }) => from + at) }))
    : [];
  return [...along, ...across].map(({ name, rows }) => ({ name, rows: rows.slice(0, maxLines) }));
}

/** The selected group, else the alpha band, else the largest group. */
function selectedLines(groups: readonly LineGroup[], selected: string | undefined): LineGroup {
  const named = (name: string | undefined) => groups.find((group) => group.name === name);
  const largest = groups.reduce((best, group) => (group.rows.length > best.rows.length ? group : best));
  return named(selected) ?? named('alpha') ?? largest;
}

/** A key that changes when the component must be created anew. */
function keyOf(info: StreamInfo, map: MapInfo): string {
  return JSON.stringify([info.name, info.run, map]);
}
