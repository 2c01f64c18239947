/**
 * The contract of restore tests between the constructs (`lib/restore-tests/`), the function that starts them
 * (`lambda/restore-tests/`) and the command line. Free of dependencies, because the construct library has none.
 */

/** Environment variables of the function that starts restore tests. */
export const RESTORE_TESTS_ENV = {
  /** Path of the parameters with its {@link RestoreTestSettings}. */
  settings: 'RESTORE_TEST_SETTINGS',
  /** Name of the table in which it remembers what it has tried. */
  memory: 'RESTORE_TEST_MEMORY',
} as const;

/**
 * Path of the settings of one construct that tests backups of a bucket: one parameter or more.
 *
 * @param construct name of the construct; all constructs of the bucket when left out
 */
export const restoreTestsPath = (bucket: string, construct?: string): string =>
  `/proven-backups/${bucket}/restore-tests/${construct === undefined ? '' : `${construct}/`}`;

/** Newest format of {@link RestoreTestSettings}. */
export const RESTORE_TESTS_FORMAT = 1;

/** Periods of which the last backup may be tested. */
export const TEST_PERIODS = ['day', 'week', 'month'] as const;
export type TestPeriod = (typeof TEST_PERIODS)[number];

/** Which backups are tested, and when. */
export type RestoreTestPlan =
  /** The newest backup, once in so many seconds. */
  | { readonly kind: 'newest'; readonly everySeconds: number }
  /** Each backup, the oldest untested first of those that are younger than a week. */
  | { readonly kind: 'each' }
  /** The last backup of the last day, week or month (of UTC, weeks from Monday) that has ended. */
  | { readonly kind: 'newest-of'; readonly period: TestPeriod }
  /** One of all backups that can be read at once, by chance, once in so many seconds; the newest every other time. */
  | { readonly kind: 'random'; readonly everySeconds: number };

/** Settings of one source. */
export interface TestedSource {
  /** Index in {@link RestoreTestSettings.families}; 0 if left out. */
  readonly family?: number;
  /** Index in {@link RestoreTestSettings.plans}; 0 if left out. */
  readonly plan?: number;
  /** Name of the role of its tests, without its path. It reads this source alone. */
  readonly role: string;
}

/** The text of one parameter of Systems Manager. All parameters of a construct differ in their sources only. */
export interface RestoreTestSettings {
  readonly formatVersion: 1;
  readonly bucket: string;
  readonly keyArn: string;
  readonly cluster: string;
  /** Ids of the subnets, and of the security groups, separated by commas. */
  readonly subnets: string;
  readonly securityGroups: string;
  readonly publicIp?: true;
  readonly logGroup: string;
  /** What the ARNs of the roles begin with, path included: `arn:aws:iam::123456789012:role/proven-backups/prove/…/`. */
  readonly rolePrefix: string;
  /** Tests that run at once. */
  readonly maxAtOnce: number;
  /** Seconds after which a test stops itself. */
  readonly timeoutSeconds: number;
  /** Families of task definitions, one for each image: see `proveFamily`. */
  readonly families: readonly string[];
  readonly plans: readonly RestoreTestPlan[];
  /** By name. */
  readonly sources: Readonly<Record<string, TestedSource>>;
}

/** A request to the function. That of its schedule is `{}`: it starts what is due. */
export interface ProveRequest {
  /** Tests a backup of this source now. */
  readonly source?: string;
  /** Which; the newest if left out. */
  readonly backupId?: string;
  /** Only reports what it would start. */
  readonly dryRun?: boolean;
}

/** A test that was started; in a dry run, that would be. */
export interface StartedTest {
  readonly source: string;
  readonly backupId: string;
  /** ARN; left out in a dry run. */
  readonly task?: string;
  /** ARN. */
  readonly cluster: string;
  readonly logGroup: string;
  /** CPU units; 1024 is one vCPU. */
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly ephemeralGiB: number;
}

/**
 * Why a test could not be started. `too-large`: no task has so much disk. `archived`: the backup must be retrieved first.
 * `no-backup`: there is none to test. `running`: one of this source is under way. `waiting`: as many run as may. `refused`: ECS
 * refused. `unreadable`: its manifest is damaged or of a newer version, or S3 refused to list or read it twice in a row.
 * `not-supported`: backups of its engine cannot be tested.
 */
export const UNSTARTED = [
  'too-large',
  'archived',
  'no-backup',
  'running',
  'waiting',
  'refused',
  'unreadable',
  'not-supported',
] as const;

/** A test that could not be started. */
export interface UnstartedTest {
  readonly source: string;
  readonly backupId?: string;
  readonly why: (typeof UNSTARTED)[number];
  /** `too-large`: disk that it would need, in GiB. */
  readonly neededGiB?: number;
  /** The words of AWS, or of the program that read the manifest. `not-supported`: the engine. */
  readonly said?: string;
}

/** The answer of the function. */
export interface ProveReport {
  readonly bucket: string;
  readonly dryRun: boolean;
  readonly started: readonly StartedTest[];
  readonly unstarted: readonly UnstartedTest[];
}

/**
 * Tests that could not be started, without those that only wait: the function sends them to the notify function after a run of
 * its schedule. Nothing is sent where there are none: what is over, the measuring finds.
 */
export interface Untested {
  readonly kind: 'untested';
  readonly bucket: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Log group of the function. */
  readonly logGroup?: string;
  readonly sources: readonly UnstartedTest[];
}

/** What `startedBy` of the tasks that test begins with. */
const STARTED_BY = 'proven-backups-prove/';

/** `startedBy` of the task that tests a backup: ECS's events have it, and no other name of the source. */
export const proveStartedBy = (source: string, backupId: string): string => `${STARTED_BY}${source}/${backupId}`;

/** The backup that a task tests, by its `startedBy`; `undefined` for all other tasks. */
export function testedBy(startedBy = ''): { readonly source: string; readonly backupId: string } | undefined {
  if (!startedBy.startsWith(STARTED_BY)) return undefined;
  const [source, backupId, ...rest] = startedBy.slice(STARTED_BY.length).split('/');
  return source && backupId && rest.length === 0 ? { source, backupId } : undefined;
}
