import type { SourceHealth } from '../../../catalog/contract/alarms';
import type { Problem, Recovery } from '../../../catalog/contract/notification';
import { mapParallel } from '../../../catalog/parallel';
import { logTail } from '../../../catalog/contract/run-log';
import { errorText } from '../../shared/errors';
import { logLine } from '../../shared/log';
import { groupBy, kindOf } from './group';
import type { ReadHealth, ReadLog } from '../ports';

/** Of how many problems of an email the log is read: it shows no more. */
const LOGS = 10;
/** Of how many sources the newest backup is looked up: that takes several requests each. */
const SOURCES = 30;
const PARALLEL = 10;
const GRACE_MS = 5_000;

/** Where more is found out. */
export interface Lookups {
  readonly readLog: ReadLog;
  readonly readHealth: ReadHealth;
  /** Longest time that an email waits for it. Milliseconds. */
  readonly patienceMs: number;
  /** The same of a digest, which is nothing else. */
  readonly digestPatienceMs: number;
}

/** What is told, together with whom it is about. */
export interface Told {
  readonly of: string;
  readonly problem?: Problem;
  readonly recovery?: Recovery;
}

/** Adds what a reader wants to know next. Whatever cannot be found out is left out: an email never fails for it. */
export async function enrich(told: readonly Told[], lookups: Lookups): Promise<Told[]> {
  const [logs, newest] = await Promise.all([readLogs(told, lookups), readNewest(told, lookups)]);
  return told.map((one) => {
    const { of, problem, recovery } = one;
    if (problem) return { of, problem: { ...newest.get(problem.source!), ...problem, ...logs.get(one) } };
    const backup = newest.get(recovery?.source ?? '')?.newest;
    return { of, recovery: { ...(backup && { newest: backup }), ...recovery! } };
  });
}

type Found = Partial<Pick<Problem, 'logLines' | 'sentence'>>;

async function readLogs(told: readonly Told[], { readLog, patienceMs }: Lookups): Promise<Map<Told, Found>> {
  const withLog = told.filter(({ problem }) => problem?.logGroup !== undefined && problem.logStream !== undefined);
  const groups = groupBy(withLog, ({ problem }) => kindOf(problem!));
  const chosen = [...groups.values()].flatMap((group) => group.slice(0, LOGS));
  const found = await mapParallel(chosen, PARALLEL, async (one): Promise<[Told, Found]> => {
    const { logGroup, logStream, signal } = one.problem!;
    try {
      const { lines, sentence } = logTail(await within(readLog(logGroup!, logStream!), patienceMs));
      const said = signal === 'failed' && sentence !== undefined;
      return [one, { ...(lines.length > 0 && { logLines: lines }), ...(said && { sentence }) }];
    } catch (error) {
      leftOut('the log', error, { of: one.of, logGroup, logStream });
      return [one, {}];
    }
  });
  return new Map(found);
}

async function readNewest(
  told: readonly Told[],
  { readHealth, patienceMs }: Lookups,
): Promise<Map<string, Pick<Problem, 'newest' | 'allowedAgeSeconds'>>> {
  const wanted = told.filter(({ problem, recovery }) => (problem ?? recovery)!.newest === undefined);
  const sources = new Set(wanted.flatMap(({ problem, recovery }) => (problem ?? recovery)!.source ?? []));
  if (sources.size === 0) return new Map();
  let health: readonly SourceHealth[] = [];
  try {
    health = await readAtMost(readHealth, [...sources].slice(0, SOURCES), patienceMs);
  } catch (error) {
    leftOut('the newest backups', error, { sources: [...sources] });
  }
  return new Map(
    health
      .filter(({ failure }) => failure === undefined)
      .map(({ source, newest, allowedAgeSeconds }) => [source, { ...(newest && { newest }), allowedAgeSeconds }]),
  );
}

const leftOut = (what: string, error: unknown, fields: Readonly<Record<string, unknown>>): void =>
  logLine('warn', 'left-out', `${what} could not be read, the email does without: ${errorText(error)}`, fields);

/** How sources are, as many as can be looked at within a time. */
export function readAtMost(
  readHealth: ReadHealth,
  sources: readonly string[],
  ms: number,
): Promise<readonly SourceHealth[]> {
  const end = Date.now() + ms;
  // What has begun is finished: that, too, takes only so long.
  return within(
    readHealth(sources, () => Date.now() < end),
    ms + GRACE_MS,
  );
}

/** Waits only so long. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} seconds`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
