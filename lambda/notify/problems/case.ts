import type { Signal } from '../../../catalog/contract/alarms';
import { logLine } from '../../shared/log';
import { decide } from './decide';
import type { Told } from './enrich';
import { groupBy, kindOf } from './group';
import type { Remembered } from '../ports';
import type { Recall } from './recall';
import type { Taken } from '../observe/read-batch';

/** A queue hands out in any order, and after an outage a whole day at once. */
const inOrder = (taken: readonly Taken[]): Taken[] =>
  [...taken].sort((a, b) => Date.parse(a.observation.at) - Date.parse(b.observation.at));

/** All that a batch says of one source, or of one part of the housekeeping. */
export class Case {
  readonly messageIds: readonly string[];
  /** What was published already: who has to decide again because of a race says nothing twice. */
  private readonly published = new Map<string, Told>();
  private next?: Remembered;
  /** Backups that were completed, for the emails about those. */
  completed = false;

  private constructor(
    readonly of: string,
    private readonly taken: readonly Taken[],
  ) {
    this.messageIds = [...new Set(taken.map(({ messageId }) => messageId))];
  }

  /** The cases of a batch. */
  static of(taken: readonly Taken[]): Case[] {
    return [...groupBy(taken, ({ observation }) => observation.of)].map(([of, mine]) => new Case(of, inOrder(mine)));
  }

  /** Decides what is to be told. */
  async decide(recall: Recall, now: Date): Promise<Told[]> {
    const { remembered, known } = await recall.read(this.of);
    const told: Told[] = [];
    let next = remembered;
    for (const { observation, messageId } of this.taken) {
      const before = next;
      const decision = decide(before, observation, now);
      next = decision.next;
      for (const { signal, cause, outcome, reason } of decision.verdicts) {
        const what = signal === undefined ? outcome : `${outcome}: ${signal}${cause === undefined ? '' : ` ${cause}`}`;
        logLine('info', outcome, `${this.of}: ${what}: ${reason}`, { of: this.of, signal, cause, reason, messageId });
      }
      const { problems = [], recovery } = decision.tell ?? {};
      told.push(...problems.map((problem) => ({ of: this.of, problem })));
      if (recovery) told.push({ of: this.of, recovery });
      const isRun =
        observation.state === 'ok' && observation.source !== undefined && observation.ends.includes('failed');
      if (isRun && next !== before) this.completed = true;
    }
    told.push(...this.overtaken(next));
    this.open = Object.keys(next.open) as Signal[];
    // Of what is not known nothing can be changed.
    this.next = known && next !== remembered ? next : undefined;
    return told.filter((one) => !this.published.has(keyOf(one)));
  }

  /** Problems that were published while somebody else took in that they are over. */
  private overtaken({ of, open, goodAt }: Remembered): Told[] {
    return [...this.published.values()].flatMap(({ problem }) => {
      const at = problem && goodAt[problem.signal];
      if (at === undefined || open[problem!.signal]) return [];
      const { source, about, signal, since } = problem!;
      return [{ of, recovery: { ...(source !== undefined && { source }), about, signals: [signal], since, at } }];
    });
  }

  /** Signals that are open now. */
  open: readonly Signal[] = [];

  /** That something was published. */
  tell(told: Told): void {
    this.published.set(keyOf(told), told);
  }

  /** @returns false if somebody else wrote in between: it has to be decided again */
  async save(recall: Recall): Promise<boolean> {
    return this.next === undefined || recall.write(this.next);
  }
}

const keyOf = ({ problem, recovery }: Told): string =>
  problem ? kindOf(problem) : `recovered ${recovery!.signals.join(' ')}`;
