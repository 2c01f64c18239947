/** Packages of Debian and of apt.postgresql.org, which the official image of PostgreSQL has as a source. */

/** Names of packages that are not those of their extensions. */
const NAMES: Readonly<Record<string, string>> = {
  vector: 'pgvector',
  pg_cron: 'cron',
  pg_partman: 'partman',
  pg_repack: 'repack',
  plpython3u: 'plpython3',
  plperlu: 'plperl',
  pltclu: 'pltcl',
};
const LANGUAGES: readonly string[] = ['plpython3', 'plperl', 'pltcl'];
/** `extension postgis`, `extensions postgis, vector`: what a test says that an image lacks. */
const EXTENSIONS = /^extensions? (.+)$/;

/** What a test says that an image lacks. */
export const extensionsText = (names: readonly string[]): string =>
  `${names.length === 1 ? 'extension' : 'extensions'} ${names.join(', ')}`;

/** The packages of {@link extensionsText}; `undefined` for anything else. */
export function packageOf(object: string, version: string): string | undefined {
  const extensions = EXTENSIONS.exec(object)?.[1]?.split(', ');
  return extensions && version !== '' ? packagesOf(extensions, version) : undefined;
}

/**
 * The packages of extensions, separated by spaces.
 *
 * @param version major version of the server, or the variable that has it: `$PG_MAJOR`
 */
export function packagesOf(extensions: readonly string[], version: string): string {
  const packages = extensions.map((extension) => {
    // Whatever somebody has called an extension is no command.
    const own = NAMES[extension] ?? extension.replaceAll('_', '-').replaceAll(/[^\w.-]/g, '');
    const name = extension.startsWith('postgis') ? 'postgis-3' : own;
    return LANGUAGES.includes(name) ? `postgresql-${name}-${version}` : `postgresql-${version}-${name}`;
  });
  return [...new Set(packages)].join(' ');
}
