/** A text as one word of a shell. Free of dependencies. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  // A terminal would obey control characters.
  if (/\p{Cc}/u.test(text))
    return `$'${text.replace(/[\p{Cc}'\\]/gu, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
