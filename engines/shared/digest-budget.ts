import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time of the server that digests of a small dump may take. */
const LEAST_MS = 2000;
/** How often the budget is looked at while the dump goes on, which lets it grow. */
const LOOK_MS = 250;

/** How much of the server's time the digests of a dump may take: a share of the time of the dump. */
export class DigestBudget {
  private ended: number | undefined;
  private spent = 0;

  /**
   * @param share of the dump's time; none if the time does not matter
   * @param dumped resolves when the dump tool has ended
   * @param began when the dump did
   */
  constructor(
    private readonly share: number | undefined,
    private readonly dumped: Promise<unknown>,
    private readonly began = performance.now(),
  ) {
    const end = () => (this.ended = performance.now());
    dumped.then(end, end);
  }

  /** Milliseconds that are left now. */
  get left(): number {
    if (this.share === undefined) return Infinity;
    return Math.max(LEAST_MS, this.share * ((this.ended ?? performance.now()) - this.began)) - this.spent;
  }

  /**
   * Waits until there is as much left, while the dump goes on.
   *
   * @param look does something each time that there is not
   * @returns whether there is
   */
  async allows(milliseconds: number, look?: () => Promise<unknown>): Promise<boolean> {
    while (this.left < milliseconds && this.ended === undefined) {
      await Promise.race([this.dumped.catch(() => undefined), sleep(LOOK_MS, undefined, { ref: false })]);
      await look?.();
    }
    return this.left >= milliseconds;
  }

  /** Does something, and counts its time. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.spent += performance.now() - begun;
    }
  }
}
