import * as z from 'zod';
import type { AlarmSettings, Cause, Measured, Pruned, PrunedSource } from '../../../catalog/contract/alarms';
import { SIGNALS } from '../../../catalog/contract/alarms';
import type { Reason } from '../../../catalog/contract/failure';
import type { UnstartedTest, Untested } from '../../../catalog/contract/restore-tests';
import { UNSTARTED } from '../../../catalog/contract/restore-tests';
import type { Observation, Trouble } from '../problems/observation';
import { countOf, formatCount } from '../../../catalog/units';
import { pruningOf, pruningOfSnapshots } from './housekeeping';
import type { MessageReading } from './message';
import { because } from './plain-words';

const count = z.number().nonnegative();

// Our own functions write these, in the same version: only what would mislead is checked.
/** When a function sent it, and where it logs. */
const sent = { at: z.iso.datetime(), logGroup: z.string().optional() };

const measured = z.looseObject({
  kind: z.literal('measured'),
  ...sent,
  bucket: z.string(),
  sources: z.array(
    z.looseObject({
      source: z.string(),
      ageSeconds: z.number(),
      allowedAgeSeconds: z.number(),
      findings: z.array(
        z.looseObject({ signal: z.enum(SIGNALS), cause: z.string(), sentence: z.string(), since: z.string() }),
      ),
    }),
  ),
  // Left out by the version before, while a new one is deployed.
  complete: z.boolean().catch(false),
  total: count.catch(0),
  unmeasured: z
    .looseObject({ count, named: z.array(z.looseObject({ source: z.string(), failure: z.string() })) })
    .catch({ count: 0, named: [] }),
  subscriptions: z.looseObject({ confirmed: count, pending: count }).optional(),
});

/** The measure function measured sources. */
export function readMeasured({ body, settings }: MessageReading): Observation[] {
  const found = measured.parse(body) as unknown as Measured;
  return found.bucket === settings.bucket ? [{ ...found, state: 'measured' }] : [];
}

const pruned = z.looseObject({
  kind: z.literal('pruned'),
  ...sent,
  prunes: z.enum(['backups', 'snapshots']),
  scope: z.string(),
  functionName: z.string(),
  sources: z.array(
    z.looseObject({
      source: z.string(),
      refusal: z.looseObject({ why: z.enum(['no-recent-backup', 'too-many']), sentence: z.string() }).optional(),
      errors: z.array(z.string()),
      errorCount: count,
      damaged: z.looseObject({ id: z.string(), damage: z.string() }).optional(),
      damagedCount: count,
    }),
  ),
  moreSources: count,
});

/** A prune function ended a scheduled run. */
export function readPruned({ body, settings, event }: MessageReading): Observation[] {
  const report = pruned.parse(body) as Pruned;
  const { prunes, scope, at, functionName, logGroup, moreSources } = report;
  if (prunes === 'backups' && scope !== settings.bucket) return [];
  const { cause, key, about } = prunes === 'backups' ? pruningOf(functionName, settings) : pruningOfSnapshots(scope);
  const known = { key, about, at, event };
  const sources =
    prunes === 'backups' ? report.sources.flatMap((one) => withoutToldSilence(one, settings)) : report.sources;
  if (sources.length + moreSources === 0) return [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  return [
    {
      state: 'problem',
      signal: 'housekeeping',
      cause,
      ...known,
      since: at,
      hasEnd: true,
      sentence: prunedSentence(sources, moreSources, prunes),
      short: prunedShort(sources, moreSources, prunes),
      pruned: { sources, moreSources },
      resource: functionName,
      ...(logGroup !== undefined && { logGroup }),
    },
  ];
}

/** Whoever was told that a source is silent need not be told every night that its pruning waits for a backup. */
function withoutToldSilence(one: PrunedSource, { sources, off }: AlarmSettings): PrunedSource[] {
  const source = Object.hasOwn(sources, one.source) ? sources[one.source] : undefined;
  const isTold = source !== undefined && !off.includes('silent') && !source.off?.includes('silent');
  if (one.refusal?.why !== 'no-recent-backup' || !isTold) return [one];
  return one.errorCount + one.damagedCount > 0 ? [{ ...one, refusal: undefined }] : [];
}

/** Sources that a sentence names. */
const NAMED = 5;

function prunedSentence(sources: readonly PrunedSource[], moreSources: number, prunes: Pruned['prunes']): string {
  const said = sources.slice(0, NAMED).map((one) => `${one.source}: ${problemsOf(one, prunes).join('; ')}`);
  const more = sources.length - said.length + moreSources;
  return [...said, ...(more > 0 ? [`and problems with ${countOf(more, 'more source')}`] : [])].join('; ');
}

function problemsOf(
  { refusal, errors, errorCount, damaged, damagedCount }: PrunedSource,
  prunes: Pruned['prunes'],
): string[] {
  const moreErrors = errorCount - errors.length;
  return [
    ...(refusal ? [refusal.sentence] : []),
    ...errors,
    ...(moreErrors > 0 ? [countOf(moreErrors, 'more failure')] : []),
    ...(damaged ? [`${damagedText(damagedCount, prunes)}, such as ${damaged.id}: ${damaged.damage}`] : []),
  ];
}

const damagedText = (count: number, prunes: Pruned['prunes']): string =>
  countOf(count, prunes === 'backups' ? 'damaged backup' : 'damaged snapshot');

const REFUSALS = { 'too-many': 'too much would be deleted', 'no-recent-backup': 'no recent backup' } as const;

function prunedShort(sources: readonly PrunedSource[], moreSources: number, prunes: Pruned['prunes']): string {
  const [first] = sources;
  if (!first || sources.length + moreSources > 1)
    return `problems with ${countOf(sources.length + moreSources, 'source')}`;
  const { source, refusal, damagedCount } = first;
  if (damagedCount > 0) return `${source}: ${damagedText(damagedCount, prunes)}`;
  return `${source}: ${refusal ? REFUSALS[refusal.why] : 'it failed'}`;
}

const untested = z.looseObject({
  kind: z.literal('untested'),
  ...sent,
  bucket: z.string(),
  sources: z.array(
    z.looseObject({
      source: z.string(),
      backupId: z.string().optional(),
      why: z.enum(UNSTARTED),
      neededGiB: count.optional(),
      said: z.string().optional(),
    }),
  ),
});

/** Restore tests that could not be started. Those that only wait are no news. */
export function readUntested({ body, settings, event }: MessageReading): Observation[] {
  const { bucket, at, logGroup, sources } = untested.parse(body) satisfies Untested;
  if (bucket !== settings.bucket) return [];
  return sources.flatMap((one): Observation[] => {
    const { source, backupId: id } = one;
    const said = unstartedWords(one);
    if (!said || !Object.hasOwn(settings.sources, source)) return [];
    return [
      {
        ...{ state: 'problem', signal: 'not-proven', key: source, source, about: source, at, since: at },
        ...{ event: `${event} ${source}`, ...said },
        ...(id !== undefined && { test: { id, testedAt: at, ...(said.reason && { reason: said.reason }) } }),
        ...(logGroup !== undefined && { logGroup }),
      },
    ];
  });
}

function unstartedWords({
  why,
  backupId,
  neededGiB,
  said,
}: UnstartedTest): (Pick<Trouble, 'sentence' | 'short' | 'reason'> & { cause: Cause }) | undefined {
  const backup = backupId === undefined ? 'the newest backup' : `backup ${backupId}`;
  const short = 'a restore test could not be started';
  const cause = 'restore-test-not-run';
  switch (why) {
    case 'too-large': {
      const needed = neededGiB === undefined ? '' : `: it needs ${formatCount(neededGiB)} GiB of disk`;
      return {
        cause: 'too-large',
        short: 'too large for a restore test',
        sentence: `${backup} is too large for a restore test${needed}`,
      };
    }
    case 'archived': {
      const reason: Reason = { kind: 'object-archived' };
      return { cause, short, sentence: `${short}: ${backup} is in an archive of S3`, reason };
    }
    case 'refused':
      return { cause, short, sentence: because(short, said ?? 'ECS refused it') };
    case 'not-supported': {
      const reason: Reason = { kind: 'not-supported' };
      return { cause, short, sentence: `${short}: this version cannot test ${backup}`, reason };
    }
    case 'unreadable':
      return {
        ...{ cause, short },
        sentence: because(
          `${short}: ${backupId === undefined ? 'the backups' : `the manifest of ${backup}`} cannot be read`,
          said,
        ),
      };
    // Another signal tells of a source without a backup.
    case 'no-backup':
    case 'running':
    case 'waiting':
      return undefined;
  }
}

/** A digest is due. */
export const readDigest = (): Observation[] => [{ kind: 'digest', state: 'digest' }];
