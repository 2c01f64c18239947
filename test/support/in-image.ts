import * as fs from 'node:fs';
import * as path from 'node:path';
import { postgresqlBinaries } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import { engineOf, rootOf } from '../servers/versions';
import { inRoot } from './in-root';

/** The account of the image. */
const ACCOUNT = { uid: 10001, gid: 10001 };
/** Node.js and the program within {@link inImage}. */
export const IMAGE_FILES = { node: '/mnt/bin/node', main: '/mnt/task/main.js' } as const;
/** The project's Node.js, and the bundle that ships. */
const NODE = path.resolve(__dirname, '../../node_modules/node/bin/node');
const TASK = path.resolve(__dirname, '../../dist/task');

/** Shows them below `/mnt`: an account of few rights may not reach the project's folder. */
const SCRIPT = `mount -t tmpfs -o mode=755 tmpfs "$1/mnt" && mkdir "$1/mnt/bin" "$1/mnt/task" && : >"$1/mnt/bin/node" &&
mount --bind "$2" "$1/mnt/bin/node" && mount --bind "$3" "$1/mnt/task"`;

/** A run of the program in the place of an image. */
export interface InImage {
  readonly command: string;
  readonly args: readonly string[];
  /** Set over the environment of the caller. */
  readonly environment: { readonly HOME: string; readonly PATH: string };
}

/**
 * A command that runs another, of {@link IMAGE_FILES}, as the image of a version would: in that version's system, on the project's Node.js,
 * by an account of few rights, with the version's own tools.
 *
 * @param scratchDirectory of the job; the account becomes its owner
 */
export function inImage(version: Version, scratchDirectory: string, own: readonly string[]): InImage {
  const root = rootOf(version);
  fs.chownSync(scratchDirectory, ACCOUNT.uid, ACCOUNT.gid);
  const tools = engineOf(version) === 'postgresql' ? [postgresqlBinaries(version)] : [];
  const [command, args] = inRoot(root, ACCOUNT, own, { script: SCRIPT, args: [root, NODE, TASK] });
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const environment = { HOME: scratchDirectory, PATH: [...tools, ...system, '/mnt/bin'].join(':') };
  return { command, args, environment };
}
