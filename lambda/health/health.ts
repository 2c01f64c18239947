import type { S3Client } from '@aws-sdk/client-s3';
import { S3ServiceException } from '@aws-sdk/client-s3';
import type { AlarmedSource, AlarmSettings, Finding, SizeLimits, SourceHealth } from '../../catalog/contract/alarms';
import { DEFAULT_SIZE_BOUNDS } from '../../catalog/contract/alarms';
import type { StoredFolder } from '../../catalog/bucket/inventory';
import { backupIdTime } from '../../catalog/bucket/names';
import { mapParallel } from '../../catalog/parallel';
import { isCounted } from '../../catalog/retention/retention';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { ServerClock } from '../../catalog/bucket/server-clock';
import { errorText, HandlerError } from '../shared/errors';
import { allowedAge, findingsOf } from './findings';
import { logLine } from '../shared/log';
import type { CatalogReading } from './catalog-reading';
import { fingerprintOf, readSourceCatalog } from './catalog-reading';
import { recentFolders } from './recent-folders';
import type { RememberedReading, MeasureMemory } from './measure-memory';

/** Sources that are listed at once. Manifests are read source after source, because each may have 8 MiB. */
const WIDTH = 8;

/** The clients and settings for reading health. */
export interface HealthContext {
  readonly s3: S3Client;
  readonly settings: AlarmSettings;
  readonly memory: MeasureMemory;
  /** The time by which ages are measured; made of the client, once, when left out. */
  readonly clock?: ServerClock;
  /** Whether there is time left to begin another source. */
  readonly hasTime?: () => boolean;
}

/** A client takes the middleware of a clock once only. */
const clocks = new WeakMap<S3Client, ServerClock>();
function clockOf(s3: S3Client): ServerClock {
  const clock = clocks.get(s3) ?? new ServerClock(s3);
  clocks.set(s3, clock);
  return clock;
}

/** Failure of sources that were not reached in time. */
export const OUT_OF_TIME = 'the time of the run is over';

/**
 * Reads the health of sources from the catalog. A failure with one stops none of the others.
 *
 * @param sources all of the settings when left out; names that are not set are passed over
 */
export async function readHealth(
  surroundings: HealthContext,
  sources: readonly string[] = Object.keys(surroundings.settings.sources),
): Promise<SourceHealth[]> {
  const { s3, settings, hasTime = () => true } = surroundings;
  const clock = surroundings.clock ?? clockOf(s3);
  const reader = new HealthReader(surroundings, clock);
  const names = sources.filter((name) => Object.hasOwn(settings.sources, name));
  const all: SourceHealth[] = [];
  for (let from = 0; from < names.length; from += WIDTH) {
    const batch = names.slice(from, from + WIDTH);
    const late = !hasTime();
    const listed = late ? [] : await mapParallel(batch, WIDTH, (source) => settled(() => reader.list(source)));
    for (const [index, source] of batch.entries()) {
      const found = late || !hasTime() ? { failure: OUT_OF_TIME } : listed[index]!;
      const health = 'failure' in found ? found : await settled(() => reader.health(source, found.value));
      all.push('failure' in health ? failed(source, settings, health.failure) : health.value);
    }
  }
  return all;
}

type Settled<T> = { readonly value: T } | { readonly failure: string };

async function settled<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { failure: errorText(error) };
  }
}

function failed(source: string, { sources, bucket }: AlarmSettings, failure: string): SourceHealth {
  logLine('error', 'unmeasured', `${source} could not be measured: ${failure}`, { of: bucket, source });
  return { source, ageSeconds: 0, allowedAgeSeconds: sources[source]!.allowedAgeSeconds, findings: [], failure };
}

/** A listing of a source. */
interface Listed {
  /** Those with a manifest, newest first. */
  readonly folders: readonly StoredFolder[];
  readonly fingerprint: string;
  readonly remembered?: RememberedReading;
}

class HealthReader {
  private readonly store: S3CatalogStore;
  private readonly settings: AlarmSettings;
  private readonly memory: MeasureMemory;

  constructor(
    { s3, settings, memory }: HealthContext,
    private readonly clock: ServerClock,
  ) {
    [this.settings, this.memory] = [settings, memory];
    this.store = new S3CatalogStore(s3, settings.bucket);
  }

  async list(source: string): Promise<Listed> {
    const set = this.settings.sources[source]!;
    const listed = await recentFolders(this.store, source, set, () => this.clock.now());
    const now = this.clock.now();
    const folders = listed.filter((folder) => folder.manifest && isCounted(folder, now)).reverse();
    const fingerprint = fingerprintOf(folders, this.boundsOf(set));
    return { folders, fingerprint, remembered: await this.memory.lastReading(source, now) };
  }

  async health(source: string, listed: Listed): Promise<SourceHealth> {
    const set = this.settings.sources[source]!;
    const reading = await this.readAnew(source, set, listed);
    const waits = !reading.newest && !reading.lost;
    return this.judge(source, set, reading, waits ? await this.waiting(source, listed.folders) : undefined);
  }

  /** The last reading if the listing has not changed, and otherwise a new one. */
  private async readAnew(source: string, set: AlarmedSource, listed: Listed): Promise<CatalogReading> {
    const { remembered } = listed;
    if (remembered?.fingerprint === listed.fingerprint) {
      if (remembered.isOld) await this.memory.rememberReading(source, remembered, this.clock.now());
      return remembered.reading;
    }
    const read = (key: string) => unlessGone(this.store.get(key));
    const readListed = ({ folders }: Listed) => readSourceCatalog(read, source, folders, this.boundsOf(set));
    let [fingerprint, found] = [listed.fingerprint, await readListed(listed)];
    if (!found.newest && remembered?.reading.newest) {
      // A new backup may have come, and a pruning have deleted what was listed a moment ago.
      const again = await this.list(source);
      [fingerprint, found] = [again.fingerprint, await readListed(again)];
    }
    const reading = remembered ? carriedOn(found, remembered.reading, this.clock.now()) : found;
    await this.memory.rememberReading(source, { fingerprint, reading }, this.clock.now());
    return reading;
  }

  private boundsOf({ sizeBounds }: AlarmedSource): SizeLimits {
    return sizeBounds === undefined ? DEFAULT_SIZE_BOUNDS : this.settings.sizeBounds[sizeBounds]!;
  }

  /** Since when a source that never had a whole backup has been waited for: since its first one, if all are damaged. */
  private async waiting(source: string, folders: readonly StoredFolder[]): Promise<string> {
    const since = await this.memory.waitedSince(source, this.clock.now());
    const first = folders.at(-1)?.time ?? since;
    return (first < since ? first : since).toISOString();
  }

  private judge(source: string, set: AlarmedSource, reading: CatalogReading, waitedSince?: string): SourceHealth {
    const now = this.clock.now();
    const age = (time: string) => Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
    const aged = (facts: NonNullable<CatalogReading['newest']>) => ({ ...facts, ageSeconds: age(facts.time) });
    const { newest, notes, lastUsual, lost, proven, size } = reading;
    const findings = findingsOf(reading, set, now, waitedSince).filter(({ signal }) => this.isOn(set, signal));
    return {
      source,
      ...(newest && { newest: aged(newest) }),
      ageSeconds: age(newest?.time ?? lost?.time ?? waitedSince!),
      allowedAgeSeconds: allowedAge(reading, set),
      ...(proven && { proven: { ...proven, ageSeconds: age(backupIdTime(proven.id)!.toISOString()) } }),
      ...(size.deviation !== undefined && { sizeDeviation: size.deviation }),
      ...(size.usualBytes !== undefined && { usualBytes: size.usualBytes }),
      ...(lastUsual && { lastUsual: aged(lastUsual) }),
      findings,
      ...(notes && { notes }),
    };
  }

  private isOn({ off = [] }: AlarmedSource, signal: Finding['signal']): boolean {
    return !off.includes(signal) && !this.settings.off.includes(signal);
  }
}

/** Keeps facts of the last reading that still count although their objects are gone. */
function carriedOn(reading: CatalogReading, last: CatalogReading, now: Date): CatalogReading {
  const { newest, lost, verdict, longestSeconds } = last;
  const missed = lost ?? (newest && { id: newest.id, time: newest.time, noticedAt: now.toISOString() });
  // A test that failed is not passed because its backup was pruned: only a later one can say so.
  const failed = verdict?.verdict === 'failed' && !(reading.verdict && reading.verdict.testedAt > verdict.testedAt);
  return {
    ...reading,
    ...(failed && { verdict }),
    ...(!reading.newest && missed && { lost: missed, longestSeconds }),
  };
}

/** A pruning may delete what was listed a moment ago. */
async function unlessGone(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined;
    throw new HandlerError(`could not read its catalog: ${errorText(error)}`, { cause: error });
  }
}
