import type { BackupClient } from '@aws-sdk/client-backup';
import type { S3Client } from '@aws-sdk/client-s3';
import { S3ServiceException } from '@aws-sdk/client-s3';
import type {
  AlarmedSource,
  AlarmSettings,
  Finding,
  Objectives,
  ProvenBackup,
  SizeLimits,
  SourceHealth,
} from '../../catalog/contract/alarms';
import { DEFAULT_SIZE_BOUNDS } from '../../catalog/contract/alarms';
import type { StoredFolder } from '../../catalog/bucket/inventory';
import { backupIdTime } from '../../catalog/bucket/names';
import { retrievalSeconds } from '../../catalog/bucket/tiers';
import { mapParallel } from '../../catalog/parallel';
import { isCounted } from '../../catalog/retention/retention';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { ServerClock } from '../../catalog/bucket/server-clock';
import { errorText, HandlerError } from '../shared/errors';
import { allowedAge, findingsOf } from './findings';
import { logLine } from '../shared/log';
import type { CatalogReading } from './catalog-reading';
import { fingerprintOf, readSourceCatalog } from './catalog-reading';
import { readRecoveryPoints } from './managed-reading';
import { recentFolders } from './recent-folders';
import type { RememberedReading, MeasureMemory } from './measure-memory';

/** Sources that are listed at once. Manifests are read source after source, because each may have 8 MiB. */
const WIDTH = 8;

/** The clients and settings for reading health. */
export interface HealthContext {
  readonly s3: S3Client;
  readonly backup: BackupClient;
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
  /** What AWS Backup says, of a source whose backups are there. */
  readonly managed?: CatalogReading;
}

class HealthReader {
  private readonly store: S3CatalogStore;
  private readonly settings: AlarmSettings;
  private readonly memory: MeasureMemory;
  private readonly backup: BackupClient;

  constructor(
    { s3, settings, memory, backup }: HealthContext,
    private readonly clock: ServerClock,
  ) {
    [this.settings, this.memory, this.backup] = [settings, memory, backup];
    this.store = new S3CatalogStore(s3, settings.bucket);
  }

  async list(source: string): Promise<Listed> {
    const set = this.settings.sources[source]!;
    if (set.managed) {
      const managed = await readRecoveryPoints(this.backup, set.managed);
      const remembered = await this.memory.lastReading(memoryName(source, set), this.clock.now());
      return { folders: [], fingerprint: JSON.stringify(managed), remembered, managed };
    }
    const listed = await recentFolders(this.store, source, set, {
      now: () => this.clock.now(),
      failedTest: () => this.memory.failedTest(source),
    });
    const now = this.clock.now();
    const folders = listed.filter((folder) => folder.manifest && isCounted(folder, now)).reverse();
    const fingerprint = fingerprintOf(folders, this.boundsOf(set));
    return { folders, fingerprint, remembered: await this.memory.lastReading(source, now) };
  }

  async health(source: string, listed: Listed): Promise<SourceHealth> {
    const set = this.settings.sources[source]!;
    const reading = await this.readAnew(source, set, listed);
    const waits = !reading.newest && !reading.lost;
    const waitedSince = waits ? await this.waiting(memoryName(source, set), listed.folders) : undefined;
    return this.judge(source, set, reading, listed.folders, waitedSince);
  }

  /** The last reading if the listing has not changed, and otherwise a new one. */
  private async readAnew(source: string, set: AlarmedSource, listed: Listed): Promise<CatalogReading> {
    const { remembered } = listed;
    if (remembered?.fingerprint === listed.fingerprint) {
      if (remembered.isOld) await this.memory.rememberReading(memoryName(source, set), remembered, this.clock.now());
      return remembered.reading;
    }
    const read = (key: string) => unlessGone(this.store.get(key));
    const readListed = async ({ folders, managed }: Listed) =>
      managed ?? (await readSourceCatalog(read, source, folders, this.boundsOf(set), remembered?.reading));
    let [fingerprint, found] = [listed.fingerprint, await readListed(listed)];
    if (!found.newest && remembered?.reading.newest) {
      // A new backup may have come, and a pruning have deleted what was listed a moment ago.
      const again = await this.list(source);
      [fingerprint, found] = [again.fingerprint, await readListed(again)];
    }
    const reading = waitedFor(
      remembered ? carriedOn(found, remembered.reading, this.clock.now()) : found,
      remembered?.reading,
      this.clock.now(),
    );
    await this.memory.rememberReading(memoryName(source, set), { fingerprint, reading }, this.clock.now());
    return reading;
  }

  private boundsOf({ sizeBounds }: AlarmedSource): SizeLimits {
    return sizeBounds === undefined ? DEFAULT_SIZE_BOUNDS : this.settings.sizeBounds[sizeBounds]!;
  }

  /** Since when a source that never had a whole backup has been waited for: since its first one, if all are damaged. */
  private async waiting(name: string, folders: readonly StoredFolder[]): Promise<string> {
    const since = await this.memory.waitedSince(name, this.clock.now());
    const first = folders.at(-1)?.time ?? since;
    return (first < since ? first : since).toISOString();
  }

  private judge(
    source: string,
    set: AlarmedSource,
    reading: CatalogReading,
    folders: readonly StoredFolder[],
    waitedSince?: string,
  ): SourceHealth {
    const now = this.clock.now();
    const age = (time: string) => Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
    const aged = (facts: NonNullable<CatalogReading['newest']>) => ({ ...facts, ageSeconds: age(facts.time) });
    const { newest, notes, lastUsual, lastSound, lost, size, test } = reading;
    const proven = reading.proven && provenBackup(reading.proven, folders, now);
    const objectives = objectivesOf(set);
    const findings = findingsOf(reading, set, now, { waitedSince, recoverySeconds: proven?.recoverySeconds }).filter(
      ({ signal }) => this.isOn(set, signal),
    );
    return {
      source,
      ...(newest && { newest: aged(newest) }),
      ageSeconds: age(newest?.time ?? lost?.time ?? waitedSince!),
      allowedAgeSeconds: allowedAge(reading, set),
      ...(proven && { proven }),
      ...(test && test.result !== 'failed' && { tested: { id: test.id, testedAt: test.testedAt } }),
      ...(objectives && { objectives }),
      ...(size.deviation !== undefined && { sizeDeviation: size.deviation }),
      ...(size.usualBytes !== undefined && { usualBytes: size.usualBytes }),
      ...(lastUsual && { lastUsual: aged(lastUsual) }),
      ...(lastSound && { lastSound: aged(lastSound) }),
      findings,
      ...(notes && { notes }),
    };
  }

  private isOn({ off = [] }: AlarmedSource, signal: Finding['signal']): boolean {
    return !off.includes(signal) && !this.settings.off.includes(signal);
  }
}

/** Under which a source is remembered: of a new plan, vault or resource nothing is missed that another one had. */
const memoryName = (source: string, { managed }: AlarmedSource): string =>
  managed ? [source, managed.plan, managed.vault, managed.resource].join('/') : source;

/** Keeps facts of the last reading that still count although their objects are gone. */
function carriedOn(reading: CatalogReading, last: CatalogReading, now: Date): CatalogReading {
  const { newest, lost, longestSeconds } = last;
  const missed = lost ?? (newest && { id: newest.id, time: newest.time, noticedAt: now.toISOString() });
  return { ...reading, ...(!reading.newest && missed && { lost: missed, longestSeconds }) };
}

/** Since when a source without a proven backup has been waited for: before its first backup nothing can be tested. */
function waitedFor(reading: CatalogReading, last: CatalogReading | undefined, now: Date): CatalogReading {
  if (reading.proven || !(reading.newest ?? reading.lost)) return reading;
  const known = (last?.newest ?? last?.lost) ? last?.unprovenSince : undefined;
  return { ...reading, unprovenSince: known ?? now.toISOString() };
}

/** The newest proven backup as it lies now: it may have moved to a tier that a restore waits for. */
function provenBackup(
  proven: NonNullable<CatalogReading['proven']>,
  folders: readonly StoredFolder[],
  now: Date,
): ProvenBackup {
  const { id, loadSeconds } = proven;
  const data = folders.find((folder) => folder.id === id)?.data ?? [];
  const wait = Math.max(0, ...data.map(({ storageClass }) => retrievalSeconds(storageClass)));
  const ageSeconds = Math.max(0, Math.round((now.getTime() - backupIdTime(id)!.getTime()) / 1000));
  return { ...proven, ageSeconds, ...(loadSeconds !== undefined && { recoverySeconds: loadSeconds + wait }) };
}

function objectivesOf({ tests, recoveryTimeSeconds, recoveryPointSeconds }: AlarmedSource): Objectives | undefined {
  const set = { tests, recoveryTimeSeconds, recoveryPointSeconds };
  const given = Object.entries(set).filter(([, value]) => value !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
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
