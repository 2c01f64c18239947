/** Seconds after which a lock that is not renewed counts as abandoned. */
export const DEFAULT_LEASE_SECONDS = 300;

/** Content of the lock of a source. It holds no backup data. */
export interface LockContent {
  readonly state: 'held' | 'released';
  readonly holder: string;
  readonly task?: string;
  readonly since: string;
  readonly leaseSeconds: number;
}

/** Reads a lock. One that cannot be read counts as held until its lease would be over: its age decides. */
export function parseLock(text: string): LockContent {
  try {
    const value = JSON.parse(text) as Partial<LockContent>;
    if ((value.state === 'held' || value.state === 'released') && typeof value.leaseSeconds === 'number')
      return value as LockContent;
  } catch {
    // Falls through to the same answer as a lock of an unknown form.
  }
  return { state: 'held', holder: 'unknown', since: 'an unknown time', leaseSeconds: DEFAULT_LEASE_SECONDS };
}

/** Whether a lock keeps others out, `ageSeconds` after it was last renewed. */
export const isHeld = (lock: LockContent, ageSeconds: number): boolean =>
  lock.state === 'held' && ageSeconds <= lock.leaseSeconds;
