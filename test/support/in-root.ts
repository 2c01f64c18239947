import * as os from 'node:os';
import type { Identity } from './processes';

/**
 * In a mount namespace of its own, which ends with the command: nothing stays mounted. Each step replaces the process, so
 * that the command has the id of the one that is started.
 */
const MOUNTS = `root=$1 temporary=$2; shift 2
mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/run" &&
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" && mkdir -p "$root$temporary" &&
mount --rbind "$temporary" "$root$temporary" || exit 125
exec "$@"`;

/** Shell code that runs in the namespace before the command, with arguments from $1 on. */
export interface Before {
  readonly script: string;
  readonly args: readonly string[];
}

/**
 * A command that runs another in a root, where the temporary folder of the tests has its own path.
 *
 * @param root `/` for the machine's own
 * @param identity that the command runs as; of the caller when left out, which only the machine's own root allows
 * @param before more mounts
 */
export function inRoot(
  root: string,
  identity: Identity | undefined,
  command: readonly string[],
  before?: Before,
): [command: string, args: string[]] {
  if (identity === undefined && root === '/' && !before) return [command[0]!, command.slice(1)];
  if (identity === undefined || process.getuid?.() !== 0)
    throw new Error(`only root can run ${command[0]} in a root of its own`);
  let inner = ['chroot', `--userspec=${identity.uid}:${identity.gid}`, '--groups=', root, ...command];
  if (before) {
    const script = `${before.script} || exit 125\nshift ${before.args.length}\nexec "$@"`;
    inner = ['sh', '-c', script, 'sh', ...before.args, ...inner];
  }
  if (root !== '/') inner = ['sh', '-c', MOUNTS, 'sh', root, os.tmpdir(), ...inner];
  if (root === '/' && !before) return [inner[0]!, inner.slice(1)];
  return ['unshare', ['--mount', ...inner]];
}

/** A word as a shell reads it: with it, a command of {@link inRoot} becomes a script. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
