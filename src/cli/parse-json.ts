/** Parses JSON. Throws a SyntaxError that names the line and the column if the engine reports the position. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const [what, position] = message.split(/ (?:in|of) JSON (?:at position )?/);
    const at = position === 'input' ? text.length : parseInt(position, 10);
    if (!(at >= 0))
      throw new SyntaxError(`not valid JSON: ${message.replace(/ is not valid JSON$/, '')}`, { cause: error });
    const lines = text.slice(0, at).split('\n');
    const column = lines[lines.length - 1].length + 1;
    throw new SyntaxError(`not valid JSON at line ${lines.length}, column ${column}: ${what}`, { cause: error });
  }
}
