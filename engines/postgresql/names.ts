/** A name in double quotes, as SQL and the patterns of pg_dump want it: nothing in it is a wildcard. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The name of an object within others, as people write it: `shop.public.orders`; in double quotes what could be read in two ways. */
export const pathName = (...parts: readonly string[]): string =>
  parts.map((part) => (/[."]/.test(part) ? quoteName(part) : part)).join('.');

/** SQL for a {@link pathName}, of expressions. */
export const pathSql = (...parts: readonly string[]): string =>
  parts
    .map((part) => `CASE WHEN ${part} ~ '[."]' THEN '"' || replace(${part}, '"', '""') || '"' ELSE ${part} END`)
    .map((part) => `(${part})`)
    .join(` || '.' || `);

/**
 * SQL for the bytes of a text, in UTF-8. A database of SQL_ASCII may hold bytes that are no text: as text, they would end the
 * statement.
 */
export const utf8Of = (sql: string): string =>
  `convert_to(${sql}, CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)`;
