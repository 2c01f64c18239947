/** A name in double quotes, as SQL and the patterns of pg_dump want it: nothing in it is a wildcard. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
