import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { HANDED_DIRECTORY } from '../../catalog/contract/instance';
import { DATA_DIRECTORY } from '../../catalog/contract/task';
import { MONGODB_FOLDERS, mongodbFolders, mountMongodb } from '../servers/mongod';
import { postgresqlBinaries } from '../servers/postgresql';
import type { InstalledVersion } from '../servers/versions';
import { MONGODB, engineOf, rootOf } from '../servers/versions';
import { inRoot } from './in-root';

/** The account of the image. */
const ACCOUNT = { uid: 10001, gid: 10001 };
const SUPERUSER = { uid: 0, gid: 0 };
/** Node.js and the program within {@link inImage}. */
export const IMAGE_FILES = { node: '/mnt/bin/node', main: '/mnt/task/main.js' } as const;
/** The project's Node.js, and the bundle that ships. */
const NODE = path.resolve(__dirname, '../../node_modules/node/bin/node');
const TASK = path.resolve(__dirname, '../../dist/task');
/** What the image of a repository has; others are not harmed by it. */
const RESTIC = path.resolve(__dirname, '../../.tools/restic/bin/restic');

/**
 * Shows them below `/mnt`: an account of few rights may not reach the project's folder. The account has its line in passwd, as in
 * the image: some servers look up their own name.
 */
const SCRIPT = `mount -t tmpfs -o mode=755 tmpfs "$1/mnt" && mkdir "$1/mnt/bin" "$1/mnt/task" &&
: >"$1/mnt/bin/node" && mount --bind "$2" "$1/mnt/bin/node" && mount --bind "$3" "$1/mnt/task" &&
: >"$1/mnt/bin/restic" && mount --bind "$5" "$1/mnt/bin/restic" && cp "$1/etc/passwd" "$1/mnt/passwd" &&
echo "proven-backups:x:$4:$4::/scratch:/usr/sbin/nologin" >>"$1/mnt/passwd" && mount --bind "$1/mnt/passwd" "$1/etc/passwd"`;

/** Shows what the host of an instance hands over, from the folder that a variable names, and what is backed up there. */
const ON_INSTANCE = `mkdir "$1${HANDED_DIRECTORY}" && mount --bind "$HANDED" "$1${HANDED_DIRECTORY}" &&
{ [ -z "$DATA" ] || { mkdir -p "$1${DATA_DIRECTORY}" && mount --bind "$DATA" "$1${DATA_DIRECTORY}" && mount -o "remount,bind,$DATA_ACCESS" "$1${DATA_DIRECTORY}"; }; }`;

/** A run of the program in the place of an image. */
export interface InImage {
  readonly command: string;
  readonly args: readonly string[];
  /** Set over the environment of the caller. */
  readonly environment: Readonly<Record<'HOME' | 'PATH', string>> & { readonly [name: string]: string };
}

/**
 * A command that runs another, of {@link IMAGE_FILES}, as the image of a version would: in that version's system, on the project's Node.js,
 * by an account of few rights, with the version's own tools and restic.
 *
 * @param scratchDirectory of the job; the account becomes its owner
 * @param options.onInstance whether variables name folders of an instance: `HANDED` with what it hands over, and `DATA` with what is
 * backed up, if it is no server; with `DATA_ACCESS` `ro` or `rw`
 * @param options.isRoot whether root runs it
 */
export function inImage(
  version: InstalledVersion,
  scratchDirectory: string,
  own: readonly string[],
  { onInstance = false, isRoot = false }: { readonly onInstance?: boolean; readonly isRoot?: boolean } = {},
): InImage {
  const root = rootOf(version);
  fs.chownSync(scratchDirectory, ACCOUNT.uid, ACCOUNT.gid);
  const isMongodb = version === MONGODB;
  const tools = toolsOf(version);
  const steps = [SCRIPT, ...(isMongodb ? [mountMongodb('$1', 6)] : []), ...(onInstance ? [ON_INSTANCE] : [])];
  const mounts = {
    script: steps.join(' && '),
    args: [root, unreadableNode(), TASK, String(ACCOUNT.uid), RESTIC, ...(isMongodb ? mongodbFolders() : [])],
  };
  const [command, args] = inRoot(root, isRoot ? SUPERUSER : ACCOUNT, own, mounts);
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const environment = { HOME: scratchDirectory, PATH: [...tools, ...system, '/mnt/bin'].join(':'), ...compileCache() };
  return { command, args, environment };
}

/** The variable by which Node.js keeps what it has compiled: see `test/global-setup.mjs`. */
export function compileCache(): Readonly<Record<string, string>> {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/** Folders of an image's tools beside the system's. */
function toolsOf(version: InstalledVersion): readonly string[] {
  if (version === MONGODB) return MONGODB_FOLDERS;
  return engineOf(version) === 'postgresql' ? [postgresqlBinaries(version)] : [];
}

/** A copy that nobody but root may read, as the Dockerfile makes it: once in a run of the tests. */
function unreadableNode(): string {
  const file = path.join(os.tmpdir(), 'node-of-the-image');
  if (fs.existsSync(file)) return file;
  const own = `${file}-${process.pid}`;
  fs.copyFileSync(NODE, own, fs.constants.COPYFILE_FICLONE);
  fs.chmodSync(own, 0o711);
  fs.renameSync(own, file);
  return file;
}
