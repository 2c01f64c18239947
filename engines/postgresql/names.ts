/** A name in double quotes, as SQL and the patterns of pg_dump want it: nothing in it is a wildcard. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * SQL for the bytes of a text, in UTF-8. A database of SQL_ASCII may hold bytes that are no text: as text, they would end the
 * statement.
 */
export const utf8Of = (sql: string): string =>
  `convert_to(${sql}, CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)`;
