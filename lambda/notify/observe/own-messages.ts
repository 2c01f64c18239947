import { z } from 'zod';
import type { AlarmSettings, Measured, Pruned, PrunedSource } from '../../../catalog/contract/alarms';
import { SIGNALS } from '../../../catalog/contract/alarms';
import type { Observation } from '../problems/observation';
import { countOf } from '../../../catalog/units';
import { PRUNING, pruningOfSnapshots } from './housekeeping';
import type { MessageReading } from './message';

const count = z.number().nonnegative();

// Our own functions write these, in the same version: only what would mislead is checked.
const measured = z.looseObject({
  kind: z.literal('measured'),
  bucket: z.string(),
  at: z.iso.datetime(),
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
  prunes: z.enum(['backups', 'snapshots']),
  scope: z.string(),
  at: z.iso.datetime(),
  functionName: z.string(),
  logGroup: z.string().optional(),
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
  const { cause, key, about } = prunes === 'backups' ? PRUNING : pruningOfSnapshots(scope);
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

/** A digest is due. */
export const readDigest = (): Observation[] => [{ kind: 'digest', state: 'digest' }];
