/** A name in backquotes, as SQL wants it. */
export const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A name of these parts, as a value for `?` of a statement: for `??` the driver would cut each part at its dots. */
export const identifier = (...parts: readonly string[]) => ({ toSqlString: () => parts.map(quote).join('.') });

/** The name in backquotes; `*` stands for itself. */
export const unquote = (name: string): string => (name === '*' ? name : name.slice(1, -1).replaceAll('``', '`'));

/** A database in a grant, where `_` and `%` are wildcards unless they are escaped. */
export const databasePattern = (name: string): string => quote(name).replaceAll(/([_%])/g, '\\$1');

/** `backup@%` as `'backup'@'%'`. */
export function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}

/** A table with its database, in backquotes. */
export const qualified = ({ database, name }: { readonly database: string; readonly name: string }): string =>
  `${quote(database)}.${quote(name)}`;

/**
 * Begins the names of files and directories that the server shows as tables and databases, though their names are not encoded as
 * since MySQL 5.1: `#mysql50#lost+found`.
 */
export const OLD_NAME = '#mysql50#';

/** The name of an object within others, as people write it: `shop.orders`; in backquotes what could be read in two ways. */
export const pathName = (...parts: readonly string[]): string =>
  parts.map((part) => (/[.`]/.test(part) ? quote(part) : part)).join('.');
