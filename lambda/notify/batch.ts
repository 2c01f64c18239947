import type { AlarmSettings, Signal, SourceHealth } from '../../catalog/contract/alarms';
import type { DigestRow } from '../../catalog/contract/notification';
import { mapParallel } from '../../catalog/parallel';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import { Case } from './problems/case';
import type { Upkeep } from './problems/decide';
import type { Lookups, Told } from './problems/enrich';
import { enrich, readAtMost } from './problems/enrich';
import { locate } from './problems/locate';
import type { QueueMessage } from './problems/observation';
import { isSource, SUBSCRIPTIONS } from './observe/housekeeping';
import type { Observe } from './ports';
import type { Recall } from './problems/recall';
import type { Taken } from './observe/read-batch';
import { takeIn } from './observe/read-batch';
import type { Teller } from './send-email';
import { groups, tellDigest, tellGroup } from './send-email';
import { tellMessages } from './send-raw';

/** Times that a source is decided on when others write at the same time. */
const ROUNDS = 5;
const PARALLEL = 16;
const EMAILS_PARALLEL = 4;

/** What a batch is worked on with. */
export interface BatchContext extends Teller {
  readonly settings: AlarmSettings;
  readonly recall: Recall;
  readonly observe: Observe;
  readonly lookups: Lookups;
}

/**
 * Works on a batch of messages: reads, decides, tells, and only then remembers.
 *
 * @returns ids of the messages that have to come again
 */
export async function notifyBatch(messages: readonly QueueMessage[], context: BatchContext): Promise<string[]> {
  const { taken, digests, later, unread } = await takeIn(messages, context.observe, context.settings);
  const again = new Set(later);
  const unreadFailed = await tellMessages(
    unread.map(({ message }) => message),
    unread[0]?.why ?? '',
    context,
  );
  unreadFailed.forEach((id) => again.add(id));

  let cases = Case.of([...taken, ...(await upkeep(taken, context))]);
  for (let round = 1; cases.length > 0; round++) {
    if (round > ROUNDS) {
      const of = cases.map((one) => one.of);
      logLine('warn', 'not-remembered', `${of.join(', ')}: others write all the time, something may be told twice`, {
        of,
      });
      break;
    }
    const failed = await tellCases(cases, context);
    failed.forEach(({ messageIds }) => messageIds.forEach((id) => again.add(id)));
    // What was not published is decided on anew when its message comes again.
    const done = cases.filter((one) => !failed.has(one));
    const saved = await mapParallel(done, PARALLEL, (one) => one.save(context.recall));
    cases = done.filter((_, index) => !saved[index]);
  }

  if (digests.length > 0) {
    const open = await context.recall.open();
    const known = new Map(open.map((one) => [one.of, Object.keys(one.open) as Signal[]]));
    const rows = await digestRows(Object.keys(context.settings.sources), known, context);
    const housekeeping = open
      .filter(({ of }) => !isSource(of))
      .flatMap(({ open }) => Object.values(open).map(({ about, sentence }) => ({ about, sentence })));
    if (!(await tellDigest(rows, { often: context.settings.digest, housekeeping }, context)))
      digests.forEach((id) => again.add(id));
  }
  return [...again];
}

/** With every measuring, all that is open is looked at, whether or not there is news of it. */
async function upkeep(taken: readonly Taken[], { recall, settings }: BatchContext): Promise<Taken[]> {
  const measured = taken.find(({ observation }) => observation.state === 'source-measured');
  if (!measured) return [];
  const { messageId, observation } = measured;
  const confirmed = taken.some((one) => one.observation.state === 'ok' && one.observation.of === SUBSCRIPTIONS.of);
  const { remembered, known } = await recall.read(SUBSCRIPTIONS.of);
  const isFirst = confirmed && known && (remembered.goodAt.housekeeping === undefined || remembered.open.housekeeping);
  const of = (about: string, state: Upkeep['state']) => ({
    messageId,
    observation: { ...{ state, of: about }, at: observation.at },
  });
  return (await recall.open()).flatMap(({ of: about }) => {
    if (isSource(about) && !Object.hasOwn(settings.sources, about)) return of(about, 'removed');
    return [...(isSource(about) ? [] : [of(about, 'time-passed')]), ...(isFirst ? [of(about, 'first-reader')] : [])];
  });
}

/** Tells what there is to tell. @returns the cases of which something could not be published */
async function tellCases(cases: readonly Case[], context: BatchContext): Promise<Set<Case>> {
  const byOf = new Map(cases.map((one) => [one.of, one]));
  const decided = await mapParallel(cases, PARALLEL, (one) => one.decide(context.recall, context.place.now));
  const failed = new Set<Case>();
  const located = (told: Told): Told =>
    told.problem ? { ...told, problem: locate(told.problem, context.settings) } : told;
  await mapParallel(
    groups(await enrich(decided.flat().map(located), context.lookups)),
    EMAILS_PARALLEL,
    async (group) => {
      const published = await tellGroup(group, context);
      for (const one of group.told) {
        if (published) byOf.get(one.of)!.tell(one);
        else failed.add(byOf.get(one.of)!);
      }
    },
  );
  await tellCompleted(cases, failed, context);
  return failed;
}

/** The email about backups that went well, for those who want one each. */
async function tellCompleted(cases: readonly Case[], failed: Set<Case>, context: BatchContext): Promise<void> {
  if (context.settings.digest !== 'each') return;
  const completed = cases.filter((one) => one.completed && !failed.has(one));
  completed.forEach((one) => (one.completed = false));
  if (completed.length === 0) return;
  const rows = await digestRows(
    completed.map(({ of }) => of),
    new Map(completed.map((one) => [one.of, one.open])),
    context,
  );
  if (!(await tellDigest(rows, { often: 'each' }, context))) completed.forEach((one) => failed.add(one));
}

/**
 * How sources are: what cannot be found out is said to be unknown.
 *
 * @param open signals that are open, by source
 */
async function digestRows(
  sources: readonly string[],
  open: ReadonlyMap<string, readonly Signal[]>,
  { lookups, settings }: BatchContext,
): Promise<DigestRow[]> {
  let health: readonly SourceHealth[] = [];
  let failure = 'nothing was found';
  try {
    health = await readAtMost(lookups.readHealth, sources, lookups.digestPatienceMs);
  } catch (error) {
    failure = errorText(error);
    logLine('error', 'left-out', `the sources could not be looked at, the digest does without: ${failure}`, {
      sources,
    });
  }
  const found = new Map(health.map((one) => [one.source, one]));
  return sources.map((source) => {
    const allowedAgeSeconds = settings.sources[source]?.allowedAgeSeconds ?? 0;
    const unknown = { source, ageSeconds: 0, allowedAgeSeconds, findings: [], failure };
    return { ...(found.get(source) ?? unknown), open: open.get(source) ?? [] };
  });
}
