/** The CSS variables of a component in the form that its canvas needs. */
export interface Theme {
  ink: string;
  muted: string;
  line: string;
  gap: string;
  accent: string;
  good: string;
  warn: string;
  ghost: string;
  traces: string[];
  events: string[];
  /** A CSS font for axis text. */
  font: string;
  /** Widths and heights in CSS px. */
  gutter: number;
  margin: number;
  axis: number;
  ribbon: number;
}

/** Reads the variables from a `.tapline` element. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const text = (name: string): string => style.getPropertyValue(`--_${name}`).trim();
  const size = (name: string): number => Number.parseFloat(text(name)) || 0;
  const list = (name: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => text(`${name}-${index + 1}`));
  return {
    ink: text('ink'),
    muted: text('muted'),
    line: text('line'),
    gap: text('gap'),
    accent: text('accent'),
    good: text('good'),
    warn: text('warn'),
    ghost: text('ghost'),
    traces: list('trace', 8),
    events: list('event', 4),
    font: `${text('text')} ${text('font')}`,
    gutter: size('gutter'),
    margin: size('margin'),
    axis: size('axis'),
    ribbon: size('ribbon'),
  };
}

/** Calls `changed` when the system's color scheme changes. Returns a function that unsubscribes. */
export function onColorScheme(changed: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', changed);
  return () => query.removeEventListener('change', changed);
}
