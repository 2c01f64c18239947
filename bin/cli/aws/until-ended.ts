import { setTimeout as sleep } from 'node:timers/promises';

/** Pauses between two looks: short ones first, for runs that fail at once. */
const PAUSE_MS = { first: 250, longest: 5_000 };

/**
 * Waits until something has ended, however long that takes.
 *
 * @param watch looks once, and answers when it has ended
 * @throws CommandError if it cannot be looked at
 */
export async function untilEnded<T>(watch: { look(): Promise<T | undefined> }): Promise<T> {
  for (let pause = PAUSE_MS.first; ; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
    const ended = await watch.look();
    if (ended) return ended;
    await sleep(pause);
  }
}
