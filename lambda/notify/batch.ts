import type { AlarmSettings, Signal, SourceHealth } from '../../catalog/contract/alarms';
import type { DigestRow } from '../../catalog/contract/notification';
import { mapParallel } from '../../catalog/parallel';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import { isRemoved, isSource, SUBSCRIPTIONS } from './observe/housekeeping';
import type { Received } from './observe/read-batch';
import { readBatch } from './observe/read-batch';
import type { ListSubscriptions, Observe } from './ports';
import { Case } from './problems/case';
import type { Upkeep } from './problems/decide';
import type { Lookups, Told } from './problems/enrich';
import { enrich, readAtMost } from './problems/enrich';
import { locate } from './problems/locate';
import type { ProblemMemory } from './problems/memory';
import type { QueueMessage } from './problems/observation';
import type { Sender } from './send-email';
import { groups, sendDigest, sendGroup } from './send-email';
import { sendRawMessages } from './send-raw';

/** Times that a case is decided when others write at the same time. */
const ROUNDS = 5;
const PARALLEL = 16;
const EMAILS_PARALLEL = 4;

/** Everything that a batch needs. */
export interface BatchContext extends Sender {
  readonly settings: AlarmSettings;
  readonly memory: ProblemMemory;
  readonly observe: Observe;
  readonly lookups: Lookups;
  readonly listSubscriptions: ListSubscriptions;
}

/**
 * Works on a batch of messages: reads, decides, sends, and only then remembers.
 *
 * @returns ids of the messages that have to come again
 */
export async function notifyBatch(messages: readonly QueueMessage[], context: BatchContext): Promise<string[]> {
  const { observations, digests, later, unread } = await readBatch(messages, context.observe, context.settings);
  const again = new Set(later);
  const unreadFailed = await sendRawMessages(
    unread.map(({ message }) => message),
    unread[0]?.why ?? '',
    context,
  );
  unreadFailed.forEach((id) => again.add(id));

  const hasReaders = readersOf(context);
  let cases = Case.of([...observations, ...(await upkeep(observations, context))]);
  for (let round = 1; cases.length > 0; round++) {
    if (round > ROUNDS) {
      const keys = cases.map(({ key }) => key);
      const message = `${keys.join(', ')}: others write all the time, so something may be told twice`;
      logLine('warn', 'not-remembered', message, { keys });
      break;
    }
    const failed = await sendCases(cases, hasReaders, context);
    failed.forEach(({ messageIds }) => messageIds.forEach((id) => again.add(id)));
    // A case that could not be sent is decided anew when its message comes again.
    const done = cases.filter((one) => !failed.has(one));
    const saved = await mapParallel(done, PARALLEL, (one) => one.save(context.memory));
    cases = done.filter((_, index) => !saved[index]);
  }

  if (digests.length > 0 && !(await sendDueDigest(context))) digests.forEach((id) => again.add(id));
  return [...again];
}

async function sendDueDigest(context: BatchContext): Promise<boolean> {
  const open = await context.memory.open();
  const bySource = new Map(open.map((one) => [one.key, Object.keys(one.open) as Signal[]]));
  const rows = await digestRows(Object.keys(context.settings.sources), bySource, context);
  const housekeeping = open
    .filter(({ key }) => !isSource(key))
    .flatMap(({ open: problems }) => Object.values(problems).map(({ about, sentence }) => ({ about, sentence })));
  return sendDigest(rows, { often: context.settings.digest, housekeeping }, context);
}

/** Whether anybody has confirmed a subscription. Asked once, and only of SNS while nobody is known to have. */
function readersOf({ memory, listSubscriptions }: BatchContext): () => Promise<boolean> {
  let answer: Promise<boolean> | undefined;
  const ask = async () => {
    const { remembered } = await memory.read(SUBSCRIPTIONS.key);
    if (remembered.goodAt.housekeeping !== undefined && !remembered.open.housekeeping) return true;
    try {
      return (await listSubscriptions()).some(({ confirmed }) => confirmed);
    } catch (error) {
      logLine('warn', 'left-out', `the subscriptions could not be listed: ${errorText(error)}`, {});
      // Then they are told again to the first reader.
      return false;
    }
  };
  return () => (answer ??= ask());
}

/** With every measuring, all open problems are looked at, whether or not there is news of them. */
async function upkeep(observations: readonly Received[], { memory, settings }: BatchContext): Promise<Received[]> {
  const measured = observations.find(({ state }) => state === 'source-measured');
  if (!measured) return [];
  const { messageId, at } = measured;
  const confirmed = observations.some(({ state, key }) => state === 'ok' && key === SUBSCRIPTIONS.key);
  const { remembered, known } = await memory.read(SUBSCRIPTIONS.key);
  const isFirst = confirmed && known && (remembered.goodAt.housekeeping === undefined || remembered.open.housekeeping);
  const passed = (key: string, state: Upkeep['state']): Received => ({ state, key, at, messageId });
  return (await memory.open()).flatMap((open) => {
    const { key } = open;
    if (isRemoved(open, at, settings)) return passed(key, 'removed');
    return [...(isSource(key) ? [] : [passed(key, 'time-passed')]), ...(isFirst ? [passed(key, 'first-reader')] : [])];
  });
}

/** Sends the emails of cases. @returns the cases of which one could not be sent */
async function sendCases(
  cases: readonly Case[],
  hasReaders: () => Promise<boolean>,
  context: BatchContext,
): Promise<Set<Case>> {
  const byKey = new Map(cases.map((one) => [one.key, one]));
  const decided = await mapParallel(cases, PARALLEL, (one) =>
    one.decide(context.memory, context.place.now, hasReaders),
  );
  const failed = new Set<Case>();
  const located = (told: Told): Told =>
    told.problem ? { ...told, problem: locate(told.problem, context.settings) } : told;
  await mapParallel(
    groups(await enrich(decided.flat().map(located), context.lookups)),
    EMAILS_PARALLEL,
    async (group) => {
      const sent = await sendGroup(group, context);
      for (const one of group.told) {
        if (sent) byKey.get(one.key)!.markSent(one);
        else failed.add(byKey.get(one.key)!);
      }
    },
  );
  await sendCompleted(cases, failed, context);
  return failed;
}

/** Sends the email about backups that went well, to those who want one each. */
async function sendCompleted(cases: readonly Case[], failed: Set<Case>, context: BatchContext): Promise<void> {
  if (context.settings.digest !== 'each') return;
  const completed = cases.filter((one) => one.completed && !failed.has(one));
  completed.forEach((one) => (one.completed = false));
  if (completed.length === 0) return;
  const rows = await digestRows(
    completed.map(({ key }) => key),
    new Map(completed.map((one) => [one.key, one.open])),
    context,
  );
  if (!(await sendDigest(rows, { often: 'each' }, context))) completed.forEach((one) => failed.add(one));
}

/**
 * Rows of a digest. Sources that cannot be looked at are said to be unknown.
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
