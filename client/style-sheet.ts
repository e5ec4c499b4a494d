/**
 * The styles of all components. They are adopted by the document or shadow root that contains the component, which works
 * under a strict Content Security Policy. To restyle components, set these CSS variables on any surrounding element; colors
 * must be color values. Then call `refresh()`, so that canvases are redrawn; a change of the system's color scheme also
 * redraws them.
 *
 * | variable | use |
 * |---|---|
 * | `--tapline-ink`, `--tapline-muted` | text; axis text and captions |
 * | `--tapline-line`, `--tapline-gap` | grid lines; heatmap cells without data |
 * | `--tapline-accent`, `--tapline-good`, `--tapline-warn` | learner error; learner skill; badges and alarms |
 * | `--tapline-ghost` | lines for comparison: initial kernels, baseline |
 * | `--tapline-trace-1` … `-8` | channels, repeated after the eighth |
 * | `--tapline-event-1` … `-4` | kinds of events in the ribbon |
 * | `--tapline-font`, `--tapline-text` | font family; font size in px |
 * | `--tapline-gutter`, `--tapline-margin` | width left of the time axis (names) and right of it (scales), in px |
 * | `--tapline-axis`, `--tapline-ribbon` | height of an axis and of a lane of the ribbon, in px |
 * | `--tapline-height` | minimum height of a component |
 */
const css = `
.tapline {
  --_ink: var(--tapline-ink, #17202e);
  --_muted: var(--tapline-muted, #5a6575);
  --_line: var(--tapline-line, #e6e9ee);
  --_gap: var(--tapline-gap, #eceff3);
  --_accent: var(--tapline-accent, #3454d1);
  --_good: var(--tapline-good, #0b7d62);
  --_warn: var(--tapline-warn, #a8410a);
  --_ghost: var(--tapline-ghost, #a3acb9);
  --_trace-1: var(--tapline-trace-1, #3454d1);
  --_trace-2: var(--tapline-trace-2, #0b7d78);
  --_trace-3: var(--tapline-trace-3, #b8530b);
  --_trace-4: var(--tapline-trace-4, #8438bd);
  --_trace-5: var(--tapline-trace-5, #c93a8b);
  --_trace-6: var(--tapline-trace-6, #46791a);
  --_trace-7: var(--tapline-trace-7, #c62f2f);
  --_trace-8: var(--tapline-trace-8, #806000);
  --_event-1: var(--tapline-event-1, #6a5acd);
  --_event-2: var(--tapline-event-2, #d0781a);
  --_event-3: var(--tapline-event-3, #0b8f84);
  --_event-4: var(--tapline-event-4, #c2376b);
  --_font: var(--tapline-font, system-ui, sans-serif);
  --_text: var(--tapline-text, 11px);
  --_gutter: var(--tapline-gutter, 96px);
  --_margin: var(--tapline-margin, 72px);
  --_axis: var(--tapline-axis, 26px);
  --_ribbon: var(--tapline-ribbon, 14px);
  box-sizing: border-box; position: relative; width: 100%; height: 100%; min-height: var(--tapline-height, 8rem);
  overflow: hidden; color: var(--_ink); font: var(--_text)/1.25 var(--_font); font-variant-numeric: tabular-nums;
}
@media (prefers-color-scheme: dark) {
  .tapline {
    --_ink: var(--tapline-ink, #e7ecf3);
    --_muted: var(--tapline-muted, #97a3b4);
    --_line: var(--tapline-line, #232c39);
    --_gap: var(--tapline-gap, #1b232e);
    --_accent: var(--tapline-accent, #86a5ff);
    --_good: var(--tapline-good, #4fd1ad);
    --_warn: var(--tapline-warn, #ffb070);
    --_ghost: var(--tapline-ghost, #667386);
    --_trace-1: var(--tapline-trace-1, #86a5ff);
    --_trace-2: var(--tapline-trace-2, #4fd1c5);
    --_trace-3: var(--tapline-trace-3, #ffb070);
    --_trace-4: var(--tapline-trace-4, #c99bff);
    --_trace-5: var(--tapline-trace-5, #ff92cf);
    --_trace-6: var(--tapline-trace-6, #a3d977);
    --_trace-7: var(--tapline-trace-7, #ff7d72);
    --_trace-8: var(--tapline-trace-8, #e6cb62);
    --_event-1: var(--tapline-event-1, #a79bff);
    --_event-2: var(--tapline-event-2, #ffb25e);
    --_event-3: var(--tapline-event-3, #52d3c4);
    --_event-4: var(--tapline-event-4, #ff86ac);
  }
}
.tapline *, .tapline *::before { box-sizing: border-box; }
.tapline .uplot { position: absolute; inset: 0; }
.tapline .u-wrap { position: relative; user-select: none; }
.tapline .u-over, .tapline .u-under, .tapline .u-axis { position: absolute; }
.tapline .u-under { overflow: hidden; }
.tapline canvas { display: block; position: relative; width: 100%; height: 100%; }
.tapline .u-select, .tapline .u-cursor-x, .tapline .u-cursor-y, .tapline .u-cursor-pt {
  position: absolute; left: 0; top: 0; pointer-events: none;
}
.tapline .u-cursor-x { height: 100%; border-right: 1px dashed var(--_muted); }
.tapline .u-cursor-y { width: 100%; border-bottom: 1px dashed var(--_muted); }
.tapline .u-off { display: none; }
.tapline-side { position: absolute; top: 0; pointer-events: none; display: flex; flex-direction: column; z-index: 1; }
.tapline-gutter { left: 0; width: var(--_gutter); padding-right: 8px; }
.tapline-margin { right: 0; width: var(--_margin); padding-left: 8px; }
.tapline-lane {
  flex: 1 1 0; min-height: 0; display: grid; grid-template: auto auto / 1fr auto; align-content: center; column-gap: 4px;
  white-space: nowrap;
}
.tapline-name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; }
.tapline-value { color: var(--_muted); overflow: hidden; text-overflow: ellipsis; grid-column: 1 / -1; }
.tapline-dense .tapline-lane { grid-template: auto / minmax(3em, 1fr) auto minmax(0, auto); align-items: center; }
.tapline-dense .tapline-value { grid-column: 3; text-align: right; font-size: 10px; }
.tapline-tight .tapline-value, .tapline-slim.tapline-dense .tapline-value { display: none; }
.tapline-tight .tapline-lane { font-size: 9px; line-height: 1; }
.tapline-badge {
  font-size: 10px; line-height: 1.3; padding: 0 4px; border-radius: 3px; color: var(--_warn);
  border: 1px solid currentColor; font-weight: 600;
}
.tapline-range { flex: 1 1 0; min-height: 0; display: flex; flex-direction: column; justify-content: space-between; color: var(--_muted); white-space: nowrap; padding: 1px 0; }
.tapline-range > :nth-child(2), .tapline-dense .tapline-range > :not(:nth-child(2)), .tapline-tight .tapline-range { display: none; }
.tapline-dense .tapline-range > :nth-child(2) { display: block; }
.tapline-dense .tapline-range { justify-content: center; }
.tapline-bar { position: absolute; left: 8px; color: var(--_muted); border-left: 2px solid currentColor; padding-left: 5px; display: flex; align-items: center; white-space: nowrap; }
.tapline-tag { position: absolute; bottom: 0; height: var(--_axis); display: flex; align-items: center; color: var(--_muted); white-space: nowrap; }
.tapline-tag-left { left: 0; }
.tapline-tag-right { right: 0; width: var(--_margin); justify-content: flex-end; font-size: 10px; }
.tapline-narrow .tapline-margin, .tapline-narrow .tapline-tag { display: none; }
.tapline-unit { position: absolute; left: 23px; top: 11px; color: var(--_muted); white-space: nowrap; }
.tapline-group { min-height: 0; display: flex; align-items: stretch; justify-content: flex-end; gap: 6px; padding: 1px 0; }
.tapline-group-name { flex: 1; min-width: 0; align-content: center; font-weight: 600; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; line-height: 1; }
.tapline-rows { display: flex; flex-direction: column; color: var(--_muted); text-align: right; overflow: hidden; max-width: 60%; font-size: 10px; flex: none; }
.tapline-gutter > .tapline-rows { max-width: 100%; flex: 1; }
.tapline-row { flex: 1 1 0; min-height: 0; align-content: center; white-space: nowrap; line-height: 1.05; overflow: hidden; text-overflow: ellipsis; }
.tapline-tight .tapline-rows { font-size: 9px; }
.tapline-tiny .tapline-group .tapline-rows { display: none; }
.tapline-tiny .tapline-group { padding: 0; }
.tapline-tiny .tapline-group-name { font-size: 9.5px; }
.tapline-colors { position: absolute; left: 8px; top: 0; bottom: 0; width: 10px; border-radius: 2px; overflow: hidden; }
.tapline-color-numbers { position: absolute; left: 23px; right: 0; top: -2px; bottom: -2px; display: flex; flex-direction: column; justify-content: space-between; color: var(--_muted); white-space: nowrap; }
.tapline-events { position: absolute; left: 0; width: var(--_gutter); display: flex; flex-direction: column; padding-right: 4px; }
.tapline-event { height: var(--_ribbon); display: flex; align-items: center; gap: 5px; white-space: nowrap; overflow: hidden; }
.tapline-event::before { content: ''; width: 8px; height: 8px; border-radius: 2px; background: currentColor; flex: none; }
.tapline-event span { color: var(--_ink); overflow: hidden; text-overflow: ellipsis; }
.tapline-tip {
  position: absolute; z-index: 2; top: 4px; pointer-events: none; white-space: nowrap; padding: 2px 7px; border-radius: 5px;
  color: var(--_ink); background: var(--tapline-surface, Canvas); border: 1px solid var(--_line); box-shadow: 0 2px 8px #0003;
}
.tapline-veil {
  position: absolute; left: var(--_gutter); right: var(--_margin); top: 6px; bottom: var(--_axis); z-index: 1; pointer-events: none;
  display: grid; place-items: center; background: color-mix(in srgb, var(--tapline-surface, Canvas) 60%, transparent);
}
.tapline-veil-whole { left: 0; right: 0; top: 20px; }
.tapline-veil span {
  padding: 2px 9px; border-radius: 9px; color: var(--_muted); background: var(--tapline-surface, Canvas); border: 1px solid var(--_line);
}
.tapline-key { display: flex; align-items: center; gap: 5px; min-height: 0; flex: 0 1 16px; white-space: nowrap; line-height: 1; font-size: 10px; }
.tapline-key::before { content: ''; width: 10px; height: 2px; background: currentColor; flex: none; }
.tapline-keys-small .tapline-key { font-size: 9px; flex-basis: 9.5px; }
.tapline-keys-two { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 0 4px; }
.tapline-keys-two .tapline-key { gap: 3px; min-width: 0; }
.tapline-keys-two .tapline-key::before { width: 6px; }
.tapline-key span { color: var(--_ink); overflow: hidden; text-overflow: ellipsis; }
.tapline-pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
.tapline-panel { position: relative; min-width: 0; height: 100%; display: flex; flex-direction: column; }
.tapline-head { display: flex; align-items: baseline; gap: 6px; flex: none; height: 20px; white-space: nowrap; color: var(--_muted); }
.tapline-head span { overflow: hidden; text-overflow: ellipsis; min-width: 0; }
.tapline-dash { display: inline-block; width: 14px; border-top: 2px dashed var(--_ghost); vertical-align: middle; }
.tapline-head strong { color: var(--_ink); font-weight: 600; }
.tapline-head output { margin-left: auto; color: var(--_accent); font-weight: 700; }
.tapline-head .tapline-good { color: var(--_good); }
.tapline-head .tapline-bad { color: var(--_warn); }
.tapline-head select { margin-left: auto; font: inherit; color: inherit; background: transparent; border: 1px solid var(--_line); border-radius: 4px; flex: none; max-width: 10em; text-overflow: ellipsis; }
.tapline-body { position: relative; flex: 1; min-height: 0; }
.tapline-body .tapline { min-height: 0; }
.tapline [hidden] { display: none !important; }
`;

let sheet: CSSStyleSheet | undefined;

/** Adds the style sheet to the document or shadow root that contains `element`, unless it is already there. */
export function adoptStyle(element: Element): void {
  const root = element.getRootNode();
  const owner = root instanceof ShadowRoot ? root : element.ownerDocument;
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  if (!owner.adoptedStyleSheets.includes(sheet)) owner.adoptedStyleSheets = [...owner.adoptedStyleSheets, sheet];
}
