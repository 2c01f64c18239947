import { BackupError } from '../../../task/run/errors';
import type { Log } from '../../../task/run/log';
import type { Restic } from './restic';

/** A lock that is left behind is removed once it is 30 minutes old; a backup or the maintenance of a large repository may take as long. */
const ATTEMPTS = 12;
/** Arguments of a command that waits for a lock. */
export const RETRY_LOCK: readonly string[] = ['--retry-lock', '5m'];

/** Waits for whoever has locked the repository, an hour at most, and removes what was left behind. */
export async function unlocked<T>(restic: Restic, log: Log, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isLocked = error instanceof BackupError && error.reason.kind === 'repository-locked';
      if (!isLocked || attempt === ATTEMPTS) throw error;
      log.warn('repository-locked', `${error.message}: waiting`);
      await restic.run(['unlock']);
    }
  }
}
