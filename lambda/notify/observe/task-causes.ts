import type { CAUSES } from '../../../catalog/contract/alarms';
import type { ExitCodeName } from '../../../catalog/contract/task';
import { EXIT_CODES } from '../../../catalog/contract/task';
import { because } from './plain-words';

export type StartCause = (typeof CAUSES)['never-started'][number];
export type FailCause = (typeof CAUSES)['failed'][number];

/** What a task says of its end. */
export interface TaskEnd {
  readonly exitCode?: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly containerReason?: string;
  /** MiB. */
  readonly memory?: number;
}

/** A cause with what happened, in a sentence. */
export interface Said<C> {
  readonly cause: C;
  readonly sentence: string;
}

/** ECS begins both with the same words: what follows says which of the two it was. */
const SECRETS_OR_REGISTRY = /unable to pull secrets or registry auth:?/gi;

/**
 * What is said of each cause. The first that fits: what is wrapped in a general error comes before it. Whether a thing was
 * refused, is gone, or could not be reached, is the same cause: what to look at is the same thing.
 */
const RULES: readonly { readonly cause: StartCause; readonly says: RegExp }[] = [
  { cause: 'image', says: /CannotPull/ },
  { cause: 'volume', says: /CannotCreateVolumeError|\bEFS\b/ },
  { cause: 'logging', says: /logging driver|logger args/i },
  { cause: 'secret', says: /\bsecrets?\b/i },
  { cause: 'image', says: /registry auth/i },
  { cause: 'capacity', says: /capacity is unavailable|number of vCPUs/i },
  // In capitals: whoever may not do something may not do it on a resource.
  { cause: 'capacity', says: /\bRESOURCE:[A-Z]/ },
  { cause: 'container', says: /CannotStart|CannotCreateContainer|CannotInspect|ContainerRuntime/ },
  { cause: 'network', says: /network interface|\beni\b|\bsubnet\b/i },
  {
    cause: 'network',
    says: /i\/o timeout|deadline exceeded|connection (?:issue|refused|reset|timed out)|no such host/i,
  },
];

/** Why a task did not start; `undefined` if nothing that is said fits. */
export function startCause(text: string): StartCause | undefined {
  const said = text.replace(SECRETS_OR_REGISTRY, '');
  const rule = RULES.find(({ says }) => says.test(said));
  // Where nothing follows, the one that can go wrong in more ways.
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
  'start-failed': 'the task could not be started',
};

/** Why a task did not start, in the words of whoever says so. */
export const startSentence = (cause: StartCause, said: string | undefined): string =>
  because(START_SENTENCES[cause], said);

/** Why a task did not start, as its last event tells it. */
export function notStarted({ stoppedReason = '', containerReason = '' }: TaskEnd): Said<StartCause> {
  // `Task failed to start` tells nothing: the container's own reason is the better one.
  const said = containerReason.length > 0 ? containerReason : stoppedReason;
  const cause = startCause(`${containerReason}\n${stoppedReason}`) ?? 'start-failed';
  return { cause, sentence: startSentence(cause, said) };
}

const EXIT_SENTENCES: Readonly<Partial<Record<ExitCodeName, string>>> = {
  unexpected: 'the program failed',
  configuration: 'the job, a variable of the environment or a version does not fit',
  connection: 'the database could not be reached, or refused the certificate or the password',
  privileges: 'the database user lacks a privilege that a complete dump needs',
  dumpFailed: 'the dump tool failed',
  uploadFailed: 'S3 or KMS refused the upload, or failed',
  timedOut: 'the run took longer than its timeout',
};

const INTERRUPTED: readonly number[] = [EXIT_CODES.interrupted, EXIT_CODES.interruptedBySigint];
const SIGKILL = 137;
const CRASHES: Readonly<Record<number, string>> = { 134: 'SIGABRT', 139: 'SIGSEGV' };

/** Why a run failed that had started; `undefined` for an end that is no failure: another run holds the lock. */
export function failed(end: TaskEnd): Said<FailCause> | undefined {
  const { exitCode, stoppedReason, containerReason, memory } = end;
  if (exitCode === EXIT_CODES.alreadyRunning) return undefined;
  if (/OutOfMemory/i.test(`${containerReason}\n${stoppedReason}`)) {
    const limit = memory === undefined ? 'its memory' : `its ${memory} MiB of memory`;
    return { cause: 'out-of-memory', sentence: `the task was killed because it used more than ${limit}` };
  }
  // Who is stopped and does not end in time is killed: the one who stopped it is the cause.
  if (exitCode === undefined || exitCode === SIGKILL || INTERRUPTED.includes(exitCode)) return stopped(end);
  const signal = CRASHES[exitCode];
  if (signal !== undefined) {
    return { cause: 'crashed', sentence: `the program crashed: exit code ${exitCode}, ${signal}` };
  }
  const name = (Object.keys(EXIT_CODES) as ExitCodeName[]).find((code) => EXIT_CODES[code] === exitCode);
  const sentence = name && EXIT_SENTENCES[name];
  return sentence !== undefined
    ? { cause: name as FailCause, sentence }
    : { cause: 'unknown-exit', sentence: `the task ended with exit code ${exitCode}, which the program does not have` };
}

/** Of a run that was ended from outside. */
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
    return { cause: 'interrupted', sentence: `the run was interrupted by a signal: exit code ${exitCode}` };
  }
  const code = exitCode === undefined ? 'without an exit code' : `with exit code ${exitCode}`;
  return { cause: 'killed', sentence: because(`the task was killed, ${code}`, containerReason ?? stoppedReason) };
}
