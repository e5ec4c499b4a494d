import { concatMap, defer, type Observable } from 'rxjs';
import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { csvWriter, shortest } from '../formats/csv/csv-writer.ts';
import { connect, type ConnectOptions, watchTimeout } from '../operators/connect.ts';
import { type MapInfo, parseWatch, type StreamInfo, type WatchMessage } from '../protocol/index.ts';
import { counted } from './amounts.ts';
import { UsageError } from './failure.ts';

/** Which feature map to print, and how. */
export interface FeatureRowsOptions {
  readonly stream: string;
  /** Name of the feature map; undefined = the first one. */
  readonly map: string | undefined;
  readonly json: boolean;
  readonly down: ConnectOptions<WatchMessage>['down'];
  /** Called with sentences for the user. */
  readonly note: (sentence: string) => void;
}

/**
 * The rows of a feature map of a live stream, as lines of CSV or JSON. The first line of CSV contains the labels, and is repeated
 * if they change. Outputs that depend on a missing frame are NaN (JSON: null). Fails with a UsageError if there is no such map.
 */
export function featureRows(address: string, options: FeatureRowsOptions): Observable<string> {
  const { stream, json, note } = options;
  return defer(() => {
    let send: (request: object) => void = () => undefined;
    let subscribed = false;
    let waiting = false;
    let noted = false;
    let map: MapInfo | undefined;
    let header = '';
    const streams = (infos: StreamInfo[]): void => {
      const info = infos.find(({ name }) => name === stream);
      if (!info) {
        subscribed = false;
        if (!waiting) note(`Waiting for stream ${stream}.`);
        waiting = true;
        return;
      }
      const found = mapOf(info, options.map);
      if (info.maps.length > 1 && options.map === undefined && !noted)
        note(`Printing the feature map ${found.name}. To print another one, set --map to one of: ${namesOf(info)}.`);
      noted = true;
      if (map?.labels.join('\n') !== found.labels.join('\n')) header = json ? '' : csvWriter(found.labels).header();
      map = found;
      if (!subscribed) send({ type: 'subscribe', id: 1, stream, what: ['features'] });
      subscribed = true;
    };
    const rows = ({ block, run }: { block: Block; run: number }, { name, labels }: MapInfo): string[] =>
      Array.from({ length: frameCount(block) }, (_, frame) => {
        const one = frameOf(block, frame);
        if (!json) {
          const row = `${header}${csvWriter(labels).rows(one)}`;
          header = '';
          return row;
        }
        const values = Object.fromEntries(labels.map((label, c) => [label, Number(shortest(one.data[c]))]));
        return `${JSON.stringify({ type: 'features', map: name, run, index: one.start, time: one.time, values })}\n`;
      });
    return connect(address, {
      parse: parseWatch,
      opened: (link) => {
        subscribed = false;
        send = (request) => link.send(JSON.stringify(request));
      },
      down: options.down,
      staleAfter: watchTimeout,
    }).pipe(
      concatMap((message): string[] => {
        if (message.type === 'streams') streams(message.streams);
        else if (message.type === 'error') throw new UsageError(message.message);
        else if (message.type === 'dropped')
          note(`${counted(message.count, 'row')} dropped: this computer is too slow`);
        else if (message.type === 'block' && message.kind === 'features' && message.map === map?.index)
          return rows(message, map);
        return [];
      }),
    );
  });
}

/** One frame of a block; its samples are NaN if it is invalid. */
function frameOf(block: Block, frame: number): Block {
  const { data, channels, start, valid, rate } = block;
  const isValid = !valid || valid[frame] === 1;
  return {
    data: isValid ? data.subarray(frame * channels, (frame + 1) * channels) : new Float32Array(channels).fill(NaN),
    channels,
    start: start + frame,
    rate,
    time: timeOf(block, start + frame),
  };
}

function mapOf(info: StreamInfo, name: string | undefined): MapInfo {
  const map = name === undefined ? info.maps.at(0) : info.maps.find((each) => each.name === name);
  if (map) return map;
  if (info.maps.length === 0) throw new UsageError(`stream ${info.name} has no feature maps`);
  throw new UsageError(`--map must be one of ${namesOf(info)}, got '${name ?? ''}'`);
}

function namesOf({ maps }: StreamInfo): string {
  return maps.map(({ name }) => name).join(', ');
}
