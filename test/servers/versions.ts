import * as fs from 'node:fs';
import * as path from 'node:path';
import recipes from '../../scripts/setup/roots.json';

/** An engine of SQL with a server. */
export type ServerEngine = 'mysql' | 'mariadb' | 'postgresql';
/** A server version that the tests run on, oldest first within an engine. */
export const VERSIONS = [
  'mysql-9.7',
  'mariadb-10.11',
  'mariadb-11.8',
  'postgresql-15',
  'postgresql-17',
  'postgresql-18',
] as const;
export type Version = (typeof VERSIONS)[number];
/** The version of MongoDB that FerretDB, which stands for it, says of itself. */
export const MONGODB = 'mongodb-7.0';
/** A version that the set-up installs. */
export type InstalledVersion = Version | typeof MONGODB;

/** What has been installed on this machine itself. All others live in roots. */
const OF_THE_HOST: readonly InstalledVersion[] = ['mariadb-10.11', 'postgresql-15'];
const ROOTS = path.resolve(__dirname, '../../.tools/roots');

/** `postgresql-18` -> `postgresql`. */
export function engineOf(version: Version): ServerEngine;
export function engineOf(version: InstalledVersion): ServerEngine | 'mongodb';
export function engineOf(version: InstalledVersion): string {
  return version.split('-')[0]!;
}
/** The version as a user states it: `postgresql-18` -> `18`. */
export const numberOf = (version: InstalledVersion): string => version.split('-')[1]!;
/** All versions of these engines. */
export const versionsOf = (...engines: readonly ServerEngine[]): Version[] =>
  VERSIONS.filter((version) => engines.includes(engineOf(version)));
/** The newest version of each of these engines. */
export const newestOf = (...engines: readonly ServerEngine[]): Version[] =>
  engines.map((engine) => versionsOf(engine).at(-1)!);
/** All in a run with `--matrix`, else those chosen. */
export const inMatrix = <T>(all: readonly T[], chosen: readonly T[]): readonly T[] =>
  process.env.TEST_MATRIX === undefined ? chosen : all;

/** Versions to test a case on: the newest of each engine, all in a run with `--matrix`. */
export const casesOn = (...engines: readonly ServerEngine[]): readonly Version[] =>
  inMatrix(versionsOf(...engines), newestOf(...engines));

/** What `scripts/setup/roots.mjs` writes beside a root. */
interface RootState {
  /** Reasons by version: what apt could not install. */
  readonly notTested: Readonly<Record<string, string>>;
}

/** Where a version lives, or why apt could not install it. */
function find(version: InstalledVersion): { readonly root: string; readonly notTested?: string } {
  if (OF_THE_HOST.includes(version)) return { root: '/' };
  const recipe = recipes.find(({ servers }) => servers.some((server) => server.version === version))!;
  const root = path.join(ROOTS, recipe.root);
  if (!fs.existsSync(root) || !fs.existsSync(`${root}.json`))
    throw new Error(`${version} is not installed: run npm test, or npm run setup -- --with servers`);
  const state = JSON.parse(fs.readFileSync(`${root}.json`, 'utf8')) as RootState;
  return { root, notTested: state.notTested[version] };
}

/**
 * The root in which a version is installed; `/` for those of the machine itself.
 *
 * @throws Error in one sentence if it is not installed
 */
export function rootOf(version: InstalledVersion): string {
  const { root, notTested } = find(version);
  if (notTested !== undefined) throw new Error(`${version} is not installed: ${notTested}`);
  return root;
}

/**
 * Describes the same tests on each version. Where apt could not install one, its tests are skipped, and the summary of
 * the run begins with it.
 *
 * @param title with `%s` for the version
 */
export function describeOn<V extends InstalledVersion>(
  versions: readonly V[],
  title: string,
  tests: (version: V) => void,
): void {
  for (const version of versions) {
    (find(version).notTested === undefined ? describe : describe.skip)(title.replace('%s', version), () =>
      tests(version),
    );
  }
}
