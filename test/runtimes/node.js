import { hashOfBits } from './bits.js';

const [entry, kind, frames] = process.argv.slice(2);
console.log(hashOfBits(await import(entry), kind, Number(frames)));
