import { constants } from 'node:os';
import { dump } from './dump/dump';
import { snapshotMain } from '../engines/sqlite/snapshot';
import { BackupError, asBackupError } from './run/errors';
import { readRun } from './run/job';
import { Log } from './run/log';

/** Less than the 120 seconds after which Fargate kills a task that was told to stop. */
const TIDYING_MS = 90_000;

/** Aborts the run at the first signal; the second one ends the program at once. */
function stopOnSignals(stop: AbortController): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const why =
      signal === 'SIGTERM' ? 'the task was stopped, or its Spot capacity taken back' : 'someone pressed Ctrl-C';
    const exit = signal === 'SIGTERM' ? 'interrupted' : 'interruptedBySigint';
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
      stop.abort(
        new BackupError(
          exit,
          `the backup was interrupted by ${signal} (${why}): it left no backup; the next run starts anew`,
        ),
      );
    });
  }
}

/** Says what went wrong; returns the exit code. */
function report(log: Log, error: unknown): number {
  const failure = asBackupError(error);
  const { cause } = failure;
  const stack = failure.exit === 'unexpected' && cause instanceof Error ? { stack: cause.stack } : {};
  log.error('failed', failure.message, { exit: failure.exit, exitCode: failure.exitCode, ...stack });
  return failure.exitCode;
}

/** `main.js dump`: one backup, described by the environment (see `catalog/contract/task.ts`). */
async function main(): Promise<number> {
  const log = new Log();
  const stop = new AbortController();
  stopOnSignals(stop);
  stop.signal.addEventListener('abort', () => {
    setTimeout(() => process.exit(report(log, stop.signal.reason)), TIDYING_MS).unref();
  });
  try {
    const run = readRun(process.env);
    log.hide(run.credentials?.password ?? '');
    log.with({ source: run.job.source });
    await dump(run, log, stop);
    return 0;
  } catch (error) {
    return report(log, error);
  }
}

const [command, ...args] = process.argv.slice(2);
if (command === 'sqlite-snapshot') {
  process.exitCode = snapshotMain(args);
} else if (command === 'dump') {
  // A connection that will not close must not keep the task, and its bill, alive.
  void main().then((code) => process.exit(code));
} else {
  process.stderr.write(`unknown command ${JSON.stringify(command ?? '')}: use "main.js dump"\n`);
  process.exitCode = 10;
}
