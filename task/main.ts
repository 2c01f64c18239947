import { constants } from 'node:os';
import type { FailedLine, Reason } from '../catalog/contract/failure';
import { EXIT_CODES, type Action } from '../catalog/contract/task';
import { engineProgram } from '../engines/programs';
import { BackupError, asBackupError } from './run/errors';
import { refuseDebugger, takeEnvironment } from './prove/environment';
import { readMaintain, readProve, readRestore, readRun } from './run/job';
import { Log } from './run/log';
import { withSecretFile } from './run/secret-file';

/** Less than the 120 seconds after which Fargate kills a task that was told to stop. */
const CLEANUP_MS = 90_000;
/** Limit of a log line: CloudWatch takes events of 256 KiB. */
const MAX_STATEMENTS_CHARACTERS = 60_000;
const MAX_SAID_CHARACTERS = 8_000;
const MAX_MESSAGE_CHARACTERS = 60_000;

/**
 * Runs an action: one run, described by the environment (see `catalog/contract/task.ts`). What it needs is loaded when it begins: a restore
 * test starts the program twice.
 */
type RunAction = (log: Log, stop: AbortController) => Promise<void>;

const ACTIONS: Record<Action, RunAction> = {
  dump: (log, stop) => {
    const run = readRun(withSecretFile(process.env));
    log.hide(run.credentials?.password ?? '');
    log.hide(run.repositoryKey ?? '');
    log.with({ source: run.job.source, engine: run.job.engine });
    const { dump } = require('./dump/dump') as typeof import('./dump/dump');
    return dump(run, log, stop);
  },
  restore: (log, stop) => {
    const inputs = readRestore(withSecretFile(process.env));
    log.hide(inputs.credentials?.password ?? '');
    log.hide(inputs.repositoryKey ?? '');
    log.with({ source: inputs.job.source, engine: inputs.job.engine });
    const { restore } = require('./restore/restore') as typeof import('./restore/restore');
    return restore(inputs, log, stop);
  },
  prove: (log, stop) => {
    const job = readProve(process.env);
    log.with({ source: job.source });
    // Before anything else: the program may begin once more here.
    const taken = takeEnvironment(job.scratchDirectory);
    refuseDebugger();
    const { prove } = require('./prove/prove') as typeof import('./prove/prove');
    return prove({ job, taken }, log, stop);
  },
  maintain: (log, stop) => {
    const inputs = readMaintain(withSecretFile(process.env));
    log.hide(inputs.repositoryKey ?? '');
    log.with({ source: inputs.job.source, engine: 'files' });
    const { maintain } = require('./maintain/maintain') as typeof import('./maintain/maintain');
    return maintain(inputs, log, stop);
  },
};

const INTERRUPTED: Readonly<Record<Action, (by: string) => string>> = {
  dump: (by) => `the backup was interrupted by ${by}: it left no backup; the next run starts over`,
  restore: (by) => `the restore was interrupted by ${by}: its log says in which state it left the target`,
  prove: (by) => `the restore test was interrupted by ${by}: it has no verdict`,
  maintain: (by) => `the maintenance was interrupted by ${by}: no backup is lost, and the next one goes on`,
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

/** The end of a run whose cleanup did not end: what was under way, such as the commit of a backup, may have succeeded. */
function unended(error: unknown): BackupError {
  const { exit, message, reason, cause } = asBackupError(error);
  return new BackupError(exit, message.replace('it left no backup', 'it may have left a backup'), reason, { cause });
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
    setTimeout(() => process.exit(report(log, action, unended(stop.signal.reason))), CLEANUP_MS).unref();
  });
  try {
    await runAction(log, stop);
    return 0;
  } catch (error) {
    return report(log, action, error);
  }
}

const [command = '', ...args] = process.argv.slice(2);
const runAction = Object.hasOwn(ACTIONS, command) ? ACTIONS[command as Action] : undefined;
if (command === 'helper') {
  const [engine = '', ...rest] = args;
  void Promise.resolve(engineProgram(engine).helper?.(rest) ?? 10).then((code) => (process.exitCode = code));
} else if (runAction) {
  // A connection that will not close must not keep the task, and its bill, alive.
  void main(command as Action, runAction).then((code) => process.exit(code));
} else {
  process.stderr.write(
    `unknown command ${JSON.stringify(command)}: use "main.js dump", "main.js restore", "main.js prove" or "main.js maintain"\n`,
  );
  process.exitCode = 10;
}
