import { html, type TemplateResult } from 'lit-html';
import { FeatureLines } from '../feature-lines.ts';
import { FeatureMap } from '../feature-map.ts';
import { formatDuration } from '../format-time.ts';
import { isPowerUnit } from '../decibel.ts';
import type { PaletteName } from '../palette.ts';
import { groupRows, isRegular } from '../row-groups.ts';
import type { MapInfo, StreamInfo } from '../../src/protocol/index.ts';
import { card, choice, waiting } from './controls-view.ts';
import { type MountedComponent, mountComponent } from './mount-component.ts';
import { receivedFrames, type DashboardState, selectedMap, type StreamSettings } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import type { StreamFeed } from './stream-feed.ts';
import { longestWindow } from './time-windows.ts';

/** No more lines than this at once. */
const mostLines = 8;

interface Shown {
  readonly state: DashboardState;
  readonly info: StreamInfo;
  readonly map: MapInfo;
  readonly feed: StreamFeed;
  readonly settings: StreamSettings;
  readonly store: DashboardStore;
}

/** The cards of feature maps: as a heatmap, with the truth under it, and as lines. */
export function featuresView(shown: Omit<Shown, 'map'>): TemplateResult | undefined {
  const map = selectedMap(shown.info, shown.settings);
  return map && html`${heatmapView({ ...shown, map })} ${linesView({ ...shown, map })}`;
}

function heatmapView({ state, info, map, feed, settings, store }: Shown): TemplateResult {
  const truth = feed.hasEvents ? ' Bars: what really happened.' : '';
  return card({
    name: 'map',
    title: `Feature maps: ${map.name}`,
    about:
      'Each row is what one kernel of the convolution makes of the signal; dB, in the bar on top, shows a power as 10 · log10 of it, so that ten times as much is 10 more.',
    caption: `${aboutRows(map)}; ${aboutColors[state.palette] ?? 'brighter is more'}${aboutDelay(map)}.${truth}`,
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
    body: html`${waiting(framesTo(info, map), receivedFrames(state, info))}
      <div
        class="piece"
        data-testid="feature-map"
        ${mountComponent(shapeOf(info, map), { palette: state.palette, ...level(map, state.dB) }, mountMap(info, map, feed))}
      ></div>`,
  });
}

/** Frames of the stream before the first of a map that sees nothing but it. */
function framesTo({ rate }: StreamInfo, map: MapInfo): number {
  return Math.ceil((map.warmUp * (rate || 1)) / (map.rate || 1)) + 1;
}

const aboutColors: Partial<Record<PaletteName, string>> = { turbo: 'red is most', 'red-blue': 'red is most' };

/** What the rows are, from the top: `delta to gamma, in each Fp1 to O2`, where the labels tell. */
function aboutRows({ labels }: MapInfo): string {
  const groups = groupRows(labels);
  if (!groups || !isRegular(groups)) return 'One row for each output of the convolution';
  const { name, rows } = groups[0];
  return `Rows: ${name} to ${groups[groups.length - 1].name}, in each ${rows[0]} (top) to ${rows[rows.length - 1]}`;
}

function aboutDelay({ groupDelay }: MapInfo): string {
  return groupDelay > 0 ? `; ${formatDuration(groupDelay / 1000)} behind the signal` : '';
}

function linesView({ state, info, map, feed, settings, store }: Shown): TemplateResult {
  const groups = lineGroups(map);
  const group = chosenLines(groups, settings.lines);
  return card({
    name: 'lines',
    title: groups.length > 1 ? `${group.name}, as lines` : `${map.name}, as lines`,
    caption: `The same numbers as in the map, one line for each ${groups.length > 1 ? 'of its rows' : 'row'}.`,
    controls:
      groups.length > 1
        ? choice({
            label: 'Lines',
            testid: 'lines',
            value: group.name,
            choices: groups.map(({ name }) => ({ value: name, text: name })),
            onSelect: (lines) => store.setStream(info.name, { lines }),
          })
        : undefined,
    body: html`<div
      class="piece"
      data-testid="feature-lines"
      ${mountComponent(shapeOf(info, map), { rows: group.rows, ...level(map, state.dB) }, mountLines(info, map, feed))}
    ></div>`,
  });
}

function mountMap(info: StreamInfo, map: MapInfo, feed: StreamFeed) {
  return (element: HTMLElement, settings: { palette: PaletteName; dB?: boolean }): MountedComponent<typeof settings> => {
    const { labels, unit = '' } = map;
    const history = longestWindow(info.rate);
    const piece = new FeatureMap(element, { labels, unit, history, view: feed.view, sync: 'page', ...settings });
    const end = feed.attach({
      features: (block, index) => index === map.index && block.channels === labels.length && piece.push(block),
      events: (events) => piece.ribbon(events),
    });
    return { set: (changed) => piece.set(changed), destroy: () => (end(), piece.destroy()) };
  };
}

function mountLines(info: StreamInfo, map: MapInfo, feed: StreamFeed) {
  return (element: HTMLElement, settings: { rows: readonly number[]; dB?: boolean }): MountedComponent<typeof settings> => {
    const { labels, unit = '' } = map;
    const history = longestWindow(info.rate);
    const piece = new FeatureLines(element, {
      labels,
      unit,
      history,
      view: feed.view,
      sync: 'page',
      ...settings,
    });
    const end = feed.attach({
      features: (block, index) => index === map.index && block.channels === labels.length && piece.push(block),
    });
    return { set: (changed) => piece.set(changed), destroy: () => (end(), piece.destroy()) };
  };
}

/** Decibel is a choice only for what is a power or a level. */
function level({ unit = '' }: MapInfo, dB: boolean): { dB?: boolean } {
  return isPowerUnit(unit) ? { dB } : {};
}

interface LineGroup {
  readonly name: string;
  readonly rows: readonly number[];
}

/** Rows that may be drawn together: by what their labels share, first or last, or so many at a time. */
function lineGroups(map: MapInfo): LineGroup[] {
  const groups = groupRows(map.labels);
  if (!groups) {
    const count = Math.ceil(map.labels.length / mostLines);
    return Array.from({ length: count }, (_, part) => {
      const rows = map.labels.map((_, row) => row).slice(part * mostLines, (part + 1) * mostLines);
      return { name: `${map.labels[rows[0]]} … ${map.labels[rows[rows.length - 1]]}`, rows };
    });
  }
  const along = groups.map(({ name, from, rows }) => ({ name, rows: rows.map((_, at) => from + at) }));
  const across = isRegular(groups)
    ? groups[0].rows.map((name, at) => ({ name, rows: groups.map(({ from }) => from + at) }))
    : [];
  return [...along, ...across].map(({ name, rows }) => ({ name, rows: rows.slice(0, mostLines) }));
}

/** The lines that were chosen; else the alpha band; else as many as there are. */
function chosenLines(groups: readonly LineGroup[], chosen: string | undefined): LineGroup {
  const named = (name: string | undefined) => groups.find((group) => group.name === name);
  const most = groups.reduce((best, group) => (group.rows.length > best.rows.length ? group : best));
  return named(chosen) ?? named('alpha') ?? most;
}

function shapeOf(info: StreamInfo, map: MapInfo): string {
  return JSON.stringify([info.name, info.run, map]);
}
