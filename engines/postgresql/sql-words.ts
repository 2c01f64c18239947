/** Parts of the SQL that pg_dump and pg_dumpall write: strings in single quotes, names in double quotes, each doubled inside. */

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"/;

/** The names in a statement: unquoted words as well, which are in lower case where they are names. */
export function words(sql: string): string[] {
  const parts = sql.match(new RegExp(`${QUOTED.source}|[^\\s"'(),;.=]+`, 'g')) ?? [];
  return parts
    .filter((part) => !part.startsWith("'"))
    .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}

/** The statements of a script with privileges, each as the role that pg_dump says grants or revokes it. */
export function grantsOf(script: string): { readonly statement: string; readonly grantor?: string }[] {
  let grantor: string | undefined;
  return statementsOf(script).flatMap((statement) => {
    const [, , next] = /^(RE)?SET SESSION AUTHORIZATION *(.*);$/s.exec(statement) ?? [];
    if (next === undefined) return { statement, ...(grantor !== undefined && { grantor }) };
    grantor = next === '' || next === 'DEFAULT' ? undefined : next;
    return [];
  });
}

/** A statement as another role, which ends with it: several at once are one transaction. */
export const asGrantor = ({ statement, grantor }: { readonly statement: string; readonly grantor?: string }): string =>
  grantor === undefined ? statement : `SET ROLE ${grantor}; ${statement} RESET ROLE;`;

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
