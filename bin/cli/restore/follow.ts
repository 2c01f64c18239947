/** Follows a restore to its end, and asks at Ctrl-C what to do with it. */
import type { RestorePlan, RestoreReport, TargetState } from '../../../catalog/contract/restore';
import type { LoggedFailure } from '../../../catalog/contract/run-log';
import type { Output } from '../print/output';
import { askWord } from '../print/question';
import { ProgressView } from '../print/restore-progress';
import type { ProgramEnd } from '../program-run/run';
import type { RestoreRun } from './place';

/** What a run told, up to its end. */
export interface Told {
  readonly plan?: RestorePlan;
  readonly report?: RestoreReport;
  /** Directory of the safety backup that the program has made. */
  readonly safetyBackup?: string;
  readonly state?: TargetState;
  readonly failure?: LoggedFailure;
  readonly end: ProgramEnd;
  /** The run goes on: nobody follows it any more. */
  readonly left?: true;
}

/**
 * Follows a look at the target: ends as soon as its plan is there.
 *
 * @throws CommandError if it cannot be followed
 */
export async function followLook(run: RestoreRun): Promise<Told> {
  let told: Omit<Told, 'end'> = {};
  const stop = (): void => void run.stop?.();
  // A task comes to its end by itself, and this command may go.
  if (run.afterwards === undefined) process.on('SIGINT', stop);
  try {
    for await (const fact of run.facts(new AbortController().signal)) {
      if (fact.kind === 'failed') told = { ...told, failure: fact.failure };
      if (fact.kind !== 'plan') continue;
      told = { ...told, plan: fact.plan };
      break;
    }
  } finally {
    process.off('SIGINT', stop);
  }
  return { ...told, end: run.end() };
}

/**
 * Follows a restore to its end, or until a person leaves it.
 *
 * @throws CommandError if it cannot be followed
 */
export async function followRestore(run: RestoreRun, output: Output): Promise<Told> {
  const view = new ProgressView(output);
  const leaving = new AbortController();
  let told: Omit<Told, 'end'> = {};
  const interrupts = new Interrupts(run, output, view, leaving);
  try {
    for await (const fact of run.facts(leaving.signal)) {
      if (fact.kind === 'progress') view.show(fact.progress);
      else if (fact.kind === 'plan') told = { ...told, plan: fact.plan };
      else if (fact.kind === 'restored') told = { ...told, report: fact.report };
      else if (fact.kind === 'safety-backup') told = { ...told, safetyBackup: fact.directory };
      else if (fact.kind === 'state') told = { ...told, state: fact.state };
      else told = { ...told, failure: fact.failure };
    }
  } finally {
    interrupts.end();
    view.end();
  }
  return { ...told, end: run.end(), ...(leaving.signal.aborted && { left: true as const }) };
}

const question = ({ stopBy }: RestoreRun): string =>
  `\nThe restore goes on by itself. ${stopBy === undefined ? 'Type stop to stop it,' : `Only ${stopBy} stops it. Type`} leave to leave it alone, anything else to go on watching: `;

/** Ctrl-C during a restore. */
class Interrupts {
  private asking: AbortController | undefined;
  private readonly listener = () => this.hear();

  constructor(
    private readonly run: RestoreRun,
    private readonly output: Output,
    private readonly view: ProgressView,
    private readonly leaving: AbortController,
  ) {
    process.on('SIGINT', this.listener);
  }

  end(): void {
    process.off('SIGINT', this.listener);
    this.asking?.abort();
  }

  private hear(): void {
    const { run, output, leaving } = this;
    if (run.afterwards === undefined) this.stop();
    // The second Ctrl-C, or nobody who could answer.
    else if (this.asking || !output.streams.stdin.isTTY) leaving.abort();
    else void this.ask();
  }

  private async ask(): Promise<void> {
    this.asking = new AbortController();
    this.view.pause(true);
    const answer = await askWord(this.output.streams, question(this.run), this.asking.signal);
    const ended = this.asking.signal.aborted;
    this.asking = undefined;
    this.view.pause(false);
    if (ended || this.leaving.signal.aborted) return;
    if (answer === 'stop') this.stop();
    else if (answer === 'leave' || answer === undefined) this.leaving.abort();
  }

  private stop(): void {
    if (!this.run.stop) return;
    this.output.tell('stopping the restore …');
    // The restore goes on then, and is followed.
    this.run.stop().catch((error: Error) => this.output.tellProblem(error.message));
  }
}
