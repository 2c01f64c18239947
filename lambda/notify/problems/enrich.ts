import type { SourceHealth } from '../../../catalog/contract/alarms';
import type { NewNotes, Problem, Recovery } from '../../../catalog/contract/notification';
import { groupBy } from '../../../catalog/group-by';
import { mapParallel } from '../../../catalog/parallel';
import { logTail } from '../../../catalog/contract/run-log';
import { errorText } from '../../shared/errors';
import { logLine } from '../../shared/log';
import { kindOf } from './group';
import type { ReadHealth, ReadLog } from '../ports';

/** Problems of an email whose log is read: it shows no more. */
const LOGS = 10;
/** Sources whose newest backup is looked up: each takes several requests. */
const SOURCES = 30;
const PARALLEL = 10;
const GRACE_MS = 5_000;

/** Sources of more facts. */
export interface Lookups {
  readonly readLog: ReadLog;
  readonly readHealth: ReadHealth;
  /** Longest time that an email waits for them. Milliseconds. */
  readonly patienceMs: number;
  /** The same for a digest, which consists of them. */
  readonly digestPatienceMs: number;
}

/** A problem, a recovery or notes to be told, with the key under which it is remembered. */
export interface Told {
  readonly key: string;
  readonly problem?: Problem;
  readonly recovery?: Recovery;
  readonly notes?: NewNotes;
}

/** Adds facts that a reader wants to know: reason, log, newest backup. An email never fails because one cannot be found. */
export async function enrich(told: readonly Told[], lookups: Lookups): Promise<Told[]> {
  const [logs, newest] = await Promise.all([readLogs(told, lookups), readNewest(told, lookups)]);
  return told.map((one) => {
    const { key, problem, recovery, notes } = one;
    if (notes) return one;
    if (problem)
      return { key, problem: { ...factsFor(problem, newest.get(problem.source!)), ...problem, ...logs.get(one) } };
    const backup = newest.get(recovery?.source ?? '')?.newest;
    return { key, recovery: { ...(backup && { newest: backup }), ...recovery! } };
  });
}

/** Whether a backup is proven is news of such problems only. */
const factsFor = ({ signal }: Problem, { proven, objectives, ...facts }: Partial<Problem> = {}): Partial<Problem> =>
  signal === 'not-proven' ? { ...facts, ...(proven && { proven }), ...(objectives && { objectives }) } : facts;

type LogFacts = Partial<Pick<Problem, 'logLines' | 'sentence' | 'reason' | 'engine' | 'restore'>>;

async function readLogs(told: readonly Told[], { readLog, patienceMs }: Lookups): Promise<Map<Told, LogFacts>> {
  const withLog = told.filter(({ problem }) => problem?.logGroup !== undefined && problem.logStream !== undefined);
  const groups = groupBy(withLog, ({ problem }) => kindOf(problem!));
  const chosen = [...groups.values()].flatMap((group) => group.slice(0, LOGS));
  const found = await mapParallel(chosen, PARALLEL, async (one): Promise<[Told, LogFacts]> => {
    const { logGroup, logStream, signal, cause, restore, short } = one.problem!;
    try {
      const { lines, failure, state } = logTail(await within(readLog(logGroup!, logStream!), patienceMs));
      const { message, reason, engine } =
        ((signal === 'failed' || signal === 'not-proven' || cause === 'maintain' || restore) && failure) || {};
      return [
        one,
        {
          ...(lines.length > 0 && { logLines: lines }),
          ...(message !== undefined && { sentence: signal === 'not-proven' ? `${short}: ${message}` : message }),
          ...(reason && { reason }),
          ...(engine !== undefined && { engine }),
          ...(restore && state && { restore: { ...restore, state } }),
        },
      ];
    } catch (error) {
      leftOut('the log', error, { key: one.key, logGroup, logStream });
      return [one, {}];
    }
  });
  return new Map(found);
}

async function readNewest(
  told: readonly Told[],
  { readHealth, patienceMs }: Lookups,
): Promise<Map<string, Pick<Problem, 'newest' | 'lastSound' | 'allowedAgeSeconds' | 'proven' | 'objectives'>>> {
  const wanted = told.filter(({ problem, recovery, notes }) => (problem ?? recovery ?? notes)!.newest === undefined);
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
      .map(({ source, newest, lastSound, proven, objectives, allowedAgeSeconds }) => [
        source,
        {
          ...(newest && { newest }),
          ...(lastSound && { lastSound }),
          allowedAgeSeconds,
          ...(proven && { proven }),
          ...(objectives && { objectives }),
        },
      ]),
  );
}

const leftOut = (what: string, error: unknown, fields: Readonly<Record<string, unknown>>): void =>
  logLine('warn', 'left-out', `${what} could not be read, the email does without: ${errorText(error)}`, fields);

/** Health of as many sources as can be read within a time. */
export function readAtMost(
  readHealth: ReadHealth,
  sources: readonly string[],
  ms: number,
): Promise<readonly SourceHealth[]> {
  const end = Date.now() + ms;
  // A source that was begun is finished.
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
