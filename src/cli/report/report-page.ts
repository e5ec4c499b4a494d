/** The parts of a report as markup, with strings already escaped. */
export interface Page {
  readonly title: string;
  readonly style: string;
  readonly body: string;
}

const style = `
:root { color-scheme: light dark; --ground: #f4f6f9; --card: #fff; --edge: #dfe5ec; --ink: #17202e; --muted: #586373;
  --accent: #3454d1; --alarm: #b3261e; --band: #b3261e2b; --above: #c2410c; --below: #2563eb; --other: #0b7d62; --third: #8438bd; }
@media (prefers-color-scheme: dark) { :root { --ground: #0b0f15; --card: #131922; --edge: #263140; --ink: #e7ecf3; --muted: #9aa6b7;
  --accent: #86a5ff; --alarm: #ff8a80; --band: #ff8a8038; --above: #ff9d5c; --below: #6ea0ff; --other: #4fd1ad; --third: #c99bff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem clamp(.75rem, 3vw, 2rem) 4rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; } p { margin: .3rem 0; max-width: 62rem; }
.lead { font-size: 1.1rem; } .muted, small { color: var(--muted); } small { font-size: .85em; }
a { color: var(--accent); } summary { cursor: pointer; color: var(--accent); padding: .3rem 0; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: .8rem 1rem; }
.plot { position: relative; min-width: 0; } .plot svg { display: block; width: 100%; height: var(--height, 5rem); overflow: visible; }
.plot path { vector-effect: non-scaling-stroke; stroke-linejoin: round; fill: none; } .grid { stroke: var(--edge); }
.tick { position: absolute; color: var(--muted); font-size: 11px; line-height: 1; white-space: nowrap; overflow-wrap: normal; }
.y { right: calc(100% + .4rem); transform: translateY(50%); } .x { top: .4rem; transform: translateX(-50%); }
.axis { position: relative; height: 1.4rem; border-top: 1px solid var(--muted); }
@media (max-width: 44rem) { .x:nth-child(even) { display: none; } .card { padding: .7rem; } }
`;

/** A self-contained HTML page that follows the light or dark mode of the browser. */
export function reportPage(page: Page): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title><style>${style}${page.style}</style></head>
<body><main>
${page.body}
</main></body></html>
`;
}

/** Text escaped for HTML content and attribute values. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
