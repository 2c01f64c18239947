/** What of PostgreSQL the image has: its server, and the extensions that it can create. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs of a server. */
export interface ServerPrograms {
  /** Folder of `postgres` and `initdb`. */
  readonly bin: string;
  /** Names of the extensions that can be created; `undefined` if nobody knows where they are. */
  readonly extensions: ReadonlySet<string> | undefined;
}

const CONTROL = /^(.+)\.control$/;

/** Where a server looks for its extensions, from where its programs are: Debian's folders, and those of a build from source. */
const sharesOf = (bin: string, major: string): string[] => [
  `/usr/share/postgresql/${major}`,
  join(bin, '../share/postgresql'),
  join(bin, '../share'),
];

/**
 * The server of the image: in a folder of PATH, as in the official images, or where Debian's packages put it.
 *
 * @param major `16`
 * @returns `undefined` if there is none
 */
export function findServer(major: string): ServerPrograms | undefined {
  const folders = [`/usr/lib/postgresql/${major}/bin`, ...(process.env.PATH ?? '').split(delimiter)].filter(Boolean);
  const found = folders.find((folder) => ['postgres', 'initdb'].every((name) => existsSync(join(folder, name))));
  if (found === undefined) return undefined;
  const bin = realpathSync(found);
  const share = sharesOf(bin, major).find((folder) => existsSync(join(folder, 'extension/plpgsql.control')));
  const files = share === undefined ? undefined : readdirSync(join(share, 'extension'));
  return { bin, extensions: files && new Set(files.flatMap((file) => CONTROL.exec(file)?.[1] ?? [])) };
}
