/** An element of an XML document, without its attributes. */
export interface XmlElement {
  readonly name: string;
  /** Text directly in the element. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const token =
  /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[(?<cdata>[^]*?)\]\]>|<![^>]*>|<(?<end>\/?)(?<name>[^\s/>]+)(?:"[^"]*"|'[^']*'|[^>"'])*?(?<empty>\/?)>|(?<text>[^<]+)/g;

/** Parses an XML document and returns its root. Throws an Error if elements are not closed in order. */
export function parseXml(document: string): XmlElement {
  const root = { name: '', text: '', children: [] as XmlElement[] };
  const open = [root];
  for (const { groups = {} } of document.matchAll(token)) {
    const { cdata, end, name, empty, text } = groups as Record<string, string | undefined>;
    const parent = open[open.length - 1];
    if (name === undefined) parent.text += cdata ?? unescaped(text ?? '');
    else if (end === '/') {
      if (open.length === 1 || parent.name !== name)
        throw new Error(`the XML must close <${parent.name}> before </${name}>`);
      open.pop();
    } else {
      const element = { name, text: '', children: [] };
      parent.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  const [first] = root.children;
  if (open.length > 1) throw new Error(`the XML must close <${open[open.length - 1].name}>`);
  if (root.children.length === 0) throw new Error('the XML must have an element');
  return first;
}

/** The first element at a path of names below `element`. */
export function childOf(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce((parent, name) => parent?.children.find((child) => child.name === name), element);
}

/** The text of the first element at a path of names, trimmed; '' if there is none. */
export function textOf(element: XmlElement | undefined, ...path: string[]): string {
  return childOf(element, ...path)?.text.trim() ?? '';
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name = '') => {
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : (entities[name as string] ?? whole);
    },
  );
}
