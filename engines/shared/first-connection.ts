import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../../task/run/errors';
import type { EngineContext } from '../engine';

/** Aurora Serverless that has scaled to zero wakes up in some 15 seconds, after a day of sleep in 30 or more. */
const PATIENCE_MS = 120_000;
/** A server that ends connections at once is not asked more often. */
const PAUSE_MS = 2000;
/** Reasons of servers that may be about to answer. One that refuses has answered. */
const NOT_YET: readonly string[] = ['no-answer', 'not-ready'];

/**
 * The first connection of a run. A server that does not answer is asked again: one that sleeps wakes up by being asked.
 *
 * @param connect makes one attempt
 * @throws BackupError of the last attempt
 */
export async function firstConnection<T>(
  connect: () => Promise<T>,
  { log, signal }: Pick<EngineContext, 'log' | 'signal'>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect();
    } catch (error) {
      const isEarly = error instanceof BackupError && NOT_YET.includes(error.reason.kind);
      if (!isEarly || performance.now() + PAUSE_MS > end) throw error;
      if (attempt === 1)
        log.info('waiting', `the server is asked again for ${patienceMs / 1000} seconds: ${error.message}`);
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
