import { errorText } from '../../shared/errors';
import { logLine } from '../../shared/log';
import { blank } from './decide';
import type { Memory, OpenOnes, Remembered } from '../ports';

/** After so many failures one after the other nothing more is asked: each costs many tries, and the function its time. */
const PATIENCE = 5;

/** A memory that is not always there. Without it everything is new: an email too many is better than none. */
export class Recall {
  private failures = 0;

  constructor(private readonly memory: Memory) {}

  /** What is remembered, and whether that is known at all. */
  async read(of: string): Promise<{ readonly remembered: Remembered; readonly known: boolean }> {
    const remembered = await this.attempt('read', () => this.memory.read(of), of);
    return { remembered: remembered ?? blank(of), known: remembered !== undefined };
  }

  /** @returns false if somebody else wrote in between */
  async write(next: Remembered): Promise<boolean> {
    return (await this.attempt('write', () => this.memory.write(next), next.of)) ?? true;
  }

  /** All that is open. */
  async open(): Promise<readonly OpenOnes[]> {
    return (await this.attempt('read', () => this.memory.open(), 'all that is open')) ?? [];
  }

  async measuredAt(): Promise<Date | undefined> {
    return this.attempt('read', () => this.memory.measuredAt(), 'when it was last measured');
  }

  private async attempt<T>(what: string, work: () => Promise<T>, of: string): Promise<T | undefined> {
    if (this.failures >= PATIENCE) return undefined;
    try {
      const answer = await work();
      this.failures = 0;
      return answer;
    } catch (error) {
      this.failures++;
      const message = `the table could not be ${what === 'read' ? 'read' : 'written'}, so that something may be told twice`;
      logLine('error', 'memory', `${message}: ${errorText(error)}`, { of });
      return undefined;
    }
  }
}
