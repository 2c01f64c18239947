import type { Signal } from '../../../catalog/contract/alarms';
import { groupBy } from '../../../catalog/group-by';
import { logLine } from '../../shared/log';
import type { Received } from '../observe/read-batch';
import { decide } from './decide';
import type { Told } from './enrich';
import { kindOf } from './group';
import type { ProblemMemory } from './memory';
import type { Remembered } from './remembered';

/** A queue delivers in any order, and after an outage a whole day at once. */
const inOrder = (observations: readonly Received[]): Received[] =>
  [...observations].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));

/** All observations of a batch about one source, or one concern of the housekeeping. */
export class Case {
  readonly messageIds: readonly string[];
  /** Emails that were sent already: a second decision, because of a race, sends nothing twice. */
  private readonly sent = new Map<string, Told>();
  private next?: Remembered;
  /** Whether a backup was completed, for the emails about those. */
  completed = false;
  /** Signals that are open now. */
  open: readonly Signal[] = [];

  private constructor(
    readonly key: string,
    private readonly observations: readonly Received[],
  ) {
    this.messageIds = [...new Set(observations.map(({ messageId }) => messageId))];
  }

  /** The cases of a batch. */
  static of(observations: readonly Received[]): Case[] {
    return [...groupBy(observations, ({ key }) => key)].map(([key, mine]) => new Case(key, inOrder(mine)));
  }

  /**
   * Decides what is told.
   *
   * @param hasReaders whether anybody has confirmed a subscription; asked only if something is told
   */
  async decide(memory: ProblemMemory, now: Date, hasReaders: () => Promise<boolean>): Promise<Told[]> {
    const { remembered, known } = await memory.read(this.key);
    const told: Told[] = [];
    let next = remembered;
    for (const observation of this.observations) {
      const before = next;
      const decision = decide(before, observation, now);
      next = decision.next;
      for (const { signal, cause, outcome, reason } of decision.outcomes) {
        const what = signal === undefined ? outcome : `${outcome}: ${signal}${cause === undefined ? '' : ` ${cause}`}`;
        const { key } = this;
        const { messageId } = observation;
        logLine('info', outcome, `${key}: ${what}: ${reason}`, { key, signal, cause, reason, messageId });
      }
      const { problems = [], recovery, notes } = decision.tell ?? {};
      told.push(...problems.map((problem) => ({ key: this.key, problem })));
      if (recovery) told.push({ key: this.key, recovery });
      if (notes) told.push({ key: this.key, notes });
      const isRun =
        observation.state === 'ok' && observation.source !== undefined && observation.ends.includes('failed');
      if (isRun && next !== before) this.completed = true;
    }
    const signals = told.flatMap(({ problem }) => problem?.signal ?? []);
    const hasNotes = told.some(({ notes }) => notes);
    if ((signals.length > 0 || hasNotes) && !(await hasReaders())) {
      next = withUnread(next, signals);
      // Then they are new once more.
      if (hasNotes) next = { ...next, notes: remembered.notes };
    }
    told.push(...this.overtaken(next));
    this.open = Object.keys(next.open) as Signal[];
    // Nothing is changed that is not known.
    this.next = known && next !== remembered ? next : undefined;
    return told.filter((one) => !this.sent.has(keyOf(one)));
  }

  /** Problems that were sent while somebody else noticed that they are over. */
  private overtaken({ key, open, goodAt }: Remembered): Told[] {
    return [...this.sent.values()].flatMap(({ problem }) => {
      const at = problem && goodAt[problem.signal];
      if (at === undefined || open[problem!.signal]) return [];
      const { source, about, signal, since } = problem!;
      return [{ key, recovery: { ...(source !== undefined && { source }), about, signals: [signal], since, at } }];
    });
  }

  /** Notes that an email was sent. */
  markSent(told: Told): void {
    this.sent.set(keyOf(told), told);
  }

  /** @returns false if somebody else wrote in between: it has to be decided again */
  async save(memory: ProblemMemory): Promise<boolean> {
    return this.next === undefined || memory.write(this.next);
  }
}

const keyOf = ({ problem, recovery }: Told): string =>
  problem ? kindOf(problem) : recovery ? `recovered ${recovery.signals.join(' ')}` : 'note';

/** Nobody has confirmed a subscription: the problems are told again to the first who does. */
function withUnread(remembered: Remembered, signals: readonly Signal[]): Remembered {
  const open = Object.entries(remembered.open) as [Signal, NonNullable<Remembered['open'][Signal]>][];
  const marked = open.map(([signal, problem]) => [
    signal,
    signals.includes(signal) ? { ...problem, unread: true } : problem,
  ]);
  return { ...remembered, open: Object.fromEntries(marked) as Remembered['open'] };
}
