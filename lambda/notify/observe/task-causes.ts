import type { CAUSES } from '../../../catalog/contract/alarms';
import type { ExitCodeName } from '../../../catalog/contract/task';
import { EXIT_CODES, exitNameOf } from '../../../catalog/contract/task';
import { because } from './plain-words';

/** Those of AWS Backup have no task. */
export type StartCause = Exclude<(typeof CAUSES)['never-started'][number], 'managed-expired'>;
export type FailCause = Exclude<(typeof CAUSES)['failed'][number], 'managed-job' | 'managed-incomplete'>;

/** End of a task, according to ECS. */
export interface TaskEnd {
  readonly exitCode?: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly containerReason?: string;
  /** MiB. */
  readonly memory?: number;
}

/** A cause, and a sentence about it. */
export interface Said<C> {
  readonly cause: C;
  readonly sentence: string;
}

/** ECS begins both messages with the same words; the rest says which of the two it was. */
const SECRETS_OR_REGISTRY = /unable to pull secrets or registry auth:?/gi;

/**
 * How ECS words each cause; the first rule that fits counts. Whether a thing was refused, is gone or could not be reached is
 * the same cause, because the reader has to look at the same thing.
 */
const RULES: readonly { readonly cause: StartCause; readonly says: RegExp }[] = [
  { cause: 'image', says: /CannotPull/ },
  { cause: 'volume', says: /CannotCreateVolumeError|\bEFS\b/ },
  { cause: 'logging', says: /logging driver|logger args/i },
  { cause: 'secret', says: /\bsecrets?\b/i },
  { cause: 'image', says: /registry auth/i },
  { cause: 'capacity', says: /capacity is unavailable|number of vCPUs/i },
  // In capitals: messages about missing permissions have "on resource:".
  { cause: 'capacity', says: /\bRESOURCE:[A-Z]/ },
  { cause: 'container', says: /CannotStart|CannotCreateContainer|CannotInspect|ContainerRuntime/ },
  { cause: 'network', says: /network interface|\beni\b|\bsubnet\b/i },
  {
    cause: 'network',
    says: /i\/o timeout|deadline exceeded|connection (?:issue|refused|reset|timed out)|no such host/i,
  },
];

/** Cause of a task that did not start; `undefined` if no rule fits. */
export function startCause(text: string): StartCause | undefined {
  const said = text.replace(SECRETS_OR_REGISTRY, '');
  const rule = RULES.find(({ says }) => says.test(said));
  // Where nothing follows, the more frequent of the two.
  return rule?.cause ?? (said === text ? undefined : 'secret');
}

const START_SENTENCES: Readonly<Record<StartCause, string>> = {
  image: 'the image could not be pulled',
  secret: 'the secret could not be read',
  network: 'the task got no network',
  capacity: 'AWS had no capacity for the task',
  logging: 'the log could not be opened',
  volume: 'the file system could not be mounted',
  container: 'the container could not be started',
  scheduler: 'EventBridge Scheduler could not start the run',
  'refused-by-ecs': 'ECS refused to start the task',
  'instance-not-reached': 'Systems Manager did not reach the instance',
  'instance-not-ready': 'the instance could not start the run',
  'start-failed': 'the task could not be started',
};

/** Sentence about a task that did not start, with the words of AWS. */
export const startSentence = (cause: StartCause, said: string | undefined): string =>
  because(START_SENTENCES[cause], said);

/** Cause of a task that did not start, by its last event. */
export function notStarted({ stoppedReason = '', containerReason = '' }: TaskEnd): Said<StartCause> {
  // `Task failed to start` tells nothing; the container's reason is better.
  const said = containerReason.length > 0 ? containerReason : stoppedReason;
  const cause = startCause(`${containerReason}\n${stoppedReason}`) ?? 'start-failed';
  return { cause, sentence: startSentence(cause, said) };
}

const EXIT_SENTENCES: Readonly<Partial<Record<ExitCodeName, string>>> = {
  unexpected: 'the program failed',
  configuration: 'the configuration does not fit',
  connection: 'the database was not reached, or refused the login',
  privileges: 'the database user lacks privileges',
  dumpFailed: 'the dump tool failed',
  uploadFailed: 'the backup could not be stored',
  timedOut: 'the run took longer than its timeout',
};

/** Of restores, restore tests and maintenance, of which no backup fails. */
const OTHER_SENTENCES: Readonly<Record<number, string>> = {
  [EXIT_CODES.restoreFailed]: 'loading failed, or the target is not as the backup',
  [EXIT_CODES.downloadFailed]: 'the backup cannot be read, or was changed',
  [EXIT_CODES.notTested]: 'something that it needs is missing',
  [EXIT_CODES.maintainFailed]: 'the repository could not be cleaned up',
};

const INTERRUPTED: readonly number[] = [EXIT_CODES.interrupted, EXIT_CODES.interruptedBySigint];
const SIGKILL = 137;
const CRASHES: Readonly<Record<number, string>> = { 134: 'SIGABRT', 139: 'SIGSEGV' };

/** Ends that whoever started the run has seen, and that changed nothing: another run was under way, or the target refused. */
const NO_FAILURES: readonly number[] = [EXIT_CODES.alreadyRunning, EXIT_CODES.targetRefused];

/** Cause of a run that failed after its start; `undefined` if that is no failure. */
export function failed(end: TaskEnd): Said<FailCause> | undefined {
  const { exitCode, stoppedReason, containerReason, memory } = end;
  if (NO_FAILURES.includes(exitCode ?? -1)) return undefined;
  if (/OutOfMemory/i.test(`${containerReason}\n${stoppedReason}`)) {
    const limit = memory === undefined ? '' : ` (${memory} MiB)`;
    return { cause: 'out-of-memory', sentence: `the task ran out of memory${limit}` };
  }
  // A task that is stopped and does not end in time is killed: the stop is the cause.
  if (exitCode === undefined || exitCode === SIGKILL || INTERRUPTED.includes(exitCode)) return stopped(end);
  const signal = CRASHES[exitCode];
  if (signal !== undefined) {
    return { cause: 'crashed', sentence: `the program crashed with ${signal} (exit code ${exitCode})` };
  }
  const name = exitNameOf(exitCode);
  const ofOther = OTHER_SENTENCES[exitCode];
  if (ofOther !== undefined) return { cause: 'unknown-exit', sentence: ofOther };
  const sentence = name && EXIT_SENTENCES[name];
  return sentence !== undefined
    ? { cause: name as FailCause, sentence }
    : { cause: 'unknown-exit', sentence: `the task ended with the unknown exit code ${exitCode}` };
}

/** Cause of a run that was ended from outside. */
function stopped({ exitCode, stopCode, stoppedReason, containerReason }: TaskEnd): Said<FailCause> {
  if (/performing maintenance/i.test(stoppedReason ?? '')) {
    return { cause: 'maintenance', sentence: 'AWS stopped the task for maintenance of its hardware' };
  }
  switch (stopCode) {
    case 'SpotInterruption':
    case 'TerminationNotice':
      return { cause: 'spot-interruption', sentence: 'AWS took back the Spot capacity on which the task ran' };
    case 'UserInitiated':
      return { cause: 'stopped-by-user', sentence: because('somebody stopped the task', stoppedReason) };
    case 'ServiceSchedulerInitiated':
      return { cause: 'maintenance', sentence: because('ECS stopped the task', stoppedReason) };
    default:
  }
  if (exitCode !== undefined && exitCode !== SIGKILL) {
    return { cause: 'interrupted', sentence: `the run was stopped before it was complete (exit code ${exitCode})` };
  }
  const code = exitCode === undefined ? 'without an exit code' : `with exit code ${exitCode}`;
  return { cause: 'killed', sentence: because(`the task was killed, ${code}`, containerReason ?? stoppedReason) };
}
