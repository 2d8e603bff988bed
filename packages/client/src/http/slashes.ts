const SLASH = 0x2f;

/** Without the slashes at its end. A pattern would take quadratic time on a foreign text of slashes. */
export function withoutLastSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === SLASH) end--;
  return text.slice(0, end);
}
