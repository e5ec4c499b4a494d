/** The entries of a section by their keys in lower case. */
export type IniSection = ReadonlyMap<string, string>;

/**
 * Parses a text of sections (`[Common Infos]`), entries (`Key=value`), and comments (`; text`) to sections by their names in
 * lower case. The section `[Comment]`, which contains free text, and everything after it are ignored.
 */
export function iniSections(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split(/\r\n|\r|\n/)) {
    const name = /^\s*\[(.+)\]\s*$/.exec(line)?.[1].toLowerCase();
    if (name === 'comment') break;
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      continue;
    }
    const entry = /^\s*([^;=][^=]*?)\s*=(.*)$/.exec(line);
    if (entry) section.set(entry[1].toLowerCase(), entry[2].trim());
  }
  return sections;
}
