import { hashOfBits } from './bits.js';
import * as tapline from './tapline.js';

const asked = new URLSearchParams(location.search);
const kind = asked.get('kind') === 'shared' ? tapline.Engine.shared.kind : asked.get('kind');
document.title = `${kind} ${hashOfBits(tapline, kind, Number(asked.get('frames')))}`;
