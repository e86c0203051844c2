/** From a problem's code to the field that it is about: codes begin with the field, like `time_zone_unknown` for `timeZone`. */

export interface FieldProblem {
  field: string;
  text: string;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The field that a problem names, of those that the form has; null when it is about the whole.
 * @param aliases Codes that do not begin with their field.
 */
export function fieldProblem(
  problem: { code: string; message: string },
  labels: ReadonlyMap<string, string>,
  aliases: Readonly<Record<string, string>> = {},
): FieldProblem | null {
  const { code } = problem;
  const alias = aliases[code];
  const named = [...labels.keys()].filter((name) => code.startsWith(`${snake(name)}_`)).sort((a, b) => b.length - a.length)[0];
  const field = alias !== undefined && labels.has(alias) ? alias : named;
  if (field === undefined) return null;
  const text = code.endsWith('_missing') ? 'Please fill this in.' : inWords(problem.message, labels);
  return { field, text };
}

/** The API quotes its fields' names; people know them by their labels. */
export function inWords(message: string, labels: ReadonlyMap<string, string>): string {
  return message.replace(/'([A-Za-z]+)'/g, (quoted, name: string) => {
    const label = labels.get(name);
    return label === undefined ? quoted : `“${label}”`;
  });
}
