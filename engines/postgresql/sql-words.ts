/** Parts of the SQL that pg_dump and pg_dumpall write: strings in single quotes, names in double quotes, each doubled inside. */

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"/;

/** The names in a statement: unquoted words as well, which are in lower case where they are names. */
export function words(sql: string): string[] {
  const parts = sql.match(new RegExp(`${QUOTED.source}|[^\\s"'(),;.=]+`, 'g')) ?? [];
  return parts
    .filter((part) => !part.startsWith("'"))
    .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}

/** The statements of a script, without comments and commands of psql. */
export function statementsOf(script: string): string[] {
  const parts =
    script.match(new RegExp(`${QUOTED.source}|--[^\\n]*|^\\\\[^\\n]*|;|[^'";\\-\\\\]+|[-\\\\]`, 'gm')) ?? [];
  const statements: string[] = [];
  let statement = '';
  for (const part of parts) {
    if (part.startsWith('--') || /^\\[a-z]/.test(part)) continue;
    statement += part;
    if (part !== ';') continue;
    statements.push(statement.trim());
    statement = '';
  }
  return statements.filter((one) => one !== ';');
}
