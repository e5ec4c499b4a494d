/** Parses JSON. Throws a SyntaxError that names line and column, where the engine tells the place. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const [what, place] = message.split(/ (?:in|of) JSON (?:at position )?/);
    const at = place === 'input' ? text.length : parseInt(place, 10);
    if (!(at >= 0)) throw error;
    const lines = text.slice(0, at).split('\n');
    const column = lines[lines.length - 1].length + 1;
    throw new SyntaxError(`is not JSON at line ${lines.length}, column ${column}: ${what}`, { cause: error });
  }
}
