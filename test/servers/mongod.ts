import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inRoot, quoted } from '../support/in-root';
import { run, unprivileged } from '../support/processes';
import { MONGODB, rootOf } from './versions';

/** Of every server's first user. */
export const ROOT = { user: 'root', password: 'root of "tests" # \\ \' :@/' } as const;

const SCRIPTS = path.resolve(__dirname, '../../test/servers/mongodb');
const PROGRAMS = path.resolve(__dirname, '../../.tools/mongodb/bin');
const SUPERUSER = { uid: 0, gid: 0 };
/** Folders of the scripts and programs in a root; to be searched for `mongod` and the tools. */
export const MONGODB_FOLDERS = ['/mnt/mongodb/scripts', '/mnt/mongodb/bin'] as const;

/**
 * Shell code that shows them in a root.
 *
 * @param root it, in shell code
 * @param first number of the arguments of {@link mongodbFolders}
 */
export const mountMongodb = (root: string, first: number): string =>
  `mkdir -p "${root}/mnt/mongodb" && mount -t tmpfs -o mode=755 tmpfs "${root}/mnt/mongodb" && ` +
  MONGODB_FOLDERS.map(
    (folder, at) => `mkdir "${root}${folder}" && mount --bind "$${first + at}" "${root}${folder}"`,
  ).join(' && ');
export const mongodbFolders = (): string[] => [SCRIPTS, mongoTools()];

/** The folder of `mongodump`, `mongorestore` and `bsondump`. */
export function mongoTools(): string {
  if (!fs.existsSync(path.join(PROGRAMS, 'ferretdb')))
    throw new Error('the tools of MongoDB are not built: run npm test, or npm run setup -- --with mongodb');
  return PROGRAMS;
}

function inDocumentdb(identity: { uid: number; gid: number } | undefined, script: string, args: readonly string[]) {
  const root = rootOf(MONGODB);
  const command = [path.join(MONGODB_FOLDERS[0], script), ...args];
  return inRoot(root, identity, command, { script: mountMongodb('$1', 2), args: [root, ...mongodbFolders()] });
}

/** Makes the empty database that every server begins with, unless the root has it. */
async function makeEmptyDatabase(): Promise<void> {
  const root = rootOf(MONGODB);
  const recipe = createHash('sha256')
    .update(fs.readFileSync(path.join(SCRIPTS, 'initialize')))
    .digest('hex');
  const found = `/var/lib/postgresql/empty-${recipe.slice(0, 16)}`;
  if (fs.existsSync(path.join(root, found))) return;
  const own = `${found}.${process.pid}`;
  await run(...inDocumentdb(unprivileged('postgres', root), 'initialize', [own, ROOT.user, ROOT.password]));
  try {
    fs.renameSync(path.join(root, own), path.join(root, found));
  } catch {
    // Another process was faster.
    fs.rmSync(path.join(root, own), { recursive: true });
  }
}

/** A command that runs the stand-in of `mongod`, which the arguments of `mongod` may follow. Ends its servers when it ends. */
export async function mongodCommand(): Promise<readonly string[]> {
  await makeEmptyDatabase();
  const [command, args] = inDocumentdb(SUPERUSER, 'mongod', []);
  return [command, ...args];
}

/**
 * Makes a directory for the front of PATH: MongoDB's tools, and a `mongod` that serves FerretDB.
 *
 * @param parent where the directory is made
 */
export async function mongodStandIn(parent: string): Promise<string> {
  const directory = fs.mkdtempSync(path.join(parent, 'mongod-'));
  const command = (await mongodCommand()).map(quoted).join(' ');
  fs.writeFileSync(path.join(directory, 'mongod'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  for (const tool of ['mongodump', 'mongorestore', 'bsondump'])
    fs.symlinkSync(path.join(mongoTools(), tool), path.join(directory, tool));
  return directory;
}
