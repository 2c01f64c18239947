import { constants } from 'node:os';
import type { FailedLine, Reason } from '../catalog/contract/failure';
import { EXIT_CODES, type Action } from '../catalog/contract/task';
import { engineProgram } from '../engines/programs';
import { dump } from './dump/dump';
import { BackupError, asBackupError } from './run/errors';
import { restore } from './restore/restore';
import { readRestore, readRun } from './run/job';
import { Log } from './run/log';

/** Less than the 120 seconds after which Fargate kills a task that was told to stop. */
const CLEANUP_MS = 90_000;
/** Limit of a log line: CloudWatch takes events of 256 KiB. */
const MAX_STATEMENTS_CHARACTERS = 60_000;
const MAX_SAID_CHARACTERS = 8_000;
const MAX_MESSAGE_CHARACTERS = 60_000;

/** Runs an action: one run, described by the environment (see `catalog/contract/task.ts`). */
type RunAction = (log: Log, stop: AbortController) => Promise<void>;

const ACTIONS: Partial<Record<Action, RunAction>> = {
  dump: (log, stop) => {
    const run = readRun(process.env);
    log.hide(run.credentials?.password ?? '');
    log.with({ source: run.job.source, engine: run.job.engine });
    return dump(run, log, stop);
  },
  restore: (log, stop) => {
    const inputs = readRestore(process.env);
    log.hide(inputs.credentials?.password ?? '');
    log.with({ source: inputs.job.source, engine: inputs.job.engine });
    return restore(inputs, log, stop);
  },
};

const INTERRUPTED: Readonly<Record<Action, (by: string) => string>> = {
  dump: (by) => `the backup was interrupted by ${by}: it left no backup; the next run starts over`,
  restore: (by) => `the restore was interrupted by ${by}: its log says in which state it left the target`,
  prove: (by) => `the restore test was interrupted by ${by}: it has no verdict`,
};

/** Aborts the run at the first signal; the second one ends the program at once. */
function stopOnSignals(action: Action, stop: AbortController): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const why =
      signal === 'SIGTERM' ? 'the task was stopped, or its Spot capacity taken back' : 'someone pressed Ctrl-C';
    const exit = signal === 'SIGTERM' ? 'interrupted' : 'interruptedBySigint';
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
      stop.abort(
        new BackupError(exit, INTERRUPTED[action](`${signal} (${why})`), { kind: 'interrupted', object: signal }),
      );
    });
  }
}

/** Logs why the run failed; returns the exit code. */
function report(log: Log, action: Action, error: unknown): number {
  const { exit, exitCode, message, reason, cause } = asBackupError(error);
  const line: Omit<FailedLine, 'event' | 'message'> = { action, exit, exitCode, reason: shortened(reason) };
  const stack = exit === 'unexpected' && cause instanceof Error ? { stack: cause.stack } : {};
  log.error('failed', message.slice(0, MAX_MESSAGE_CHARACTERS), { ...line, ...stack });
  return exitCode;
}

/** Cuts what others said, and leaves out statements that do not fit: those that are there are complete. */
function shortened(reason: Reason): Reason {
  let characters = 0;
  const statements = reason.statements?.filter(({ length }) => (characters += length) <= MAX_STATEMENTS_CHARACTERS);
  const said = reason.said?.slice(0, MAX_SAID_CHARACTERS);
  return { ...reason, ...(statements && { statements }), ...(said !== undefined && { said }) };
}

async function main(action: Action, runAction: RunAction): Promise<number> {
  const log = new Log();
  log.with({ action });
  // Node.js ends with 0 as soon as nothing can happen any more, whatever is still waited for.
  process.exitCode = EXIT_CODES.unexpected;
  const stop = new AbortController();
  stopOnSignals(action, stop);
  stop.signal.addEventListener('abort', () => {
    setTimeout(() => process.exit(report(log, action, stop.signal.reason)), CLEANUP_MS).unref();
  });
  try {
    await runAction(log, stop);
    return 0;
  } catch (error) {
    return report(log, action, error);
  }
}

const [command = '', ...args] = process.argv.slice(2);
const runAction = ACTIONS[command as Action];
if (command === 'helper') {
  const [engine = '', ...rest] = args;
  void Promise.resolve(engineProgram(engine).helper?.(rest) ?? 10).then((code) => (process.exitCode = code));
} else if (runAction) {
  // A connection that will not close must not keep the task, and its bill, alive.
  void main(command as Action, runAction).then((code) => process.exit(code));
} else {
  process.stderr.write(`unknown command ${JSON.stringify(command)}: use "main.js dump" or "main.js restore"\n`);
  process.exitCode = 10;
}
