import type { S3Client } from '@aws-sdk/client-s3';
import { S3ServiceException } from '@aws-sdk/client-s3';
import type { AlarmedSource, AlarmSettings, Finding, SizeBounds, SourceHealth } from '../../catalog/alarms';
import { DEFAULT_SIZE_BOUNDS } from '../../catalog/alarms';
import type { StoredFolder } from '../../catalog/inventory';
import { backupIdTime } from '../../catalog/names';
import { mapParallel } from '../../catalog/parallel';
import { isCounted } from '../../catalog/retention';
import { S3CatalogStore } from '../../catalog/s3-store';
import { ServerClock } from '../../catalog/server-clock';
import { errorText, HandlerError } from './errors';
import type { Waited } from './findings';
import { findingsOf } from './findings';
import { logLine } from './log';
import type { Look } from './look';
import { fingerprintOf, lookAt } from './look';
import { recentFolders } from './recent-folders';
import type { Watch } from './watch';

/** How many sources are listed at once. Manifests are read source after source: each may be of 8 MiB. */
const WIDTH = 8;

/** Where health is read, and with what. */
export interface HealthSurroundings {
  readonly s3: S3Client;
  readonly settings: AlarmSettings;
  readonly watch: Watch;
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

/** What sources fail with that were not reached. */
export const OUT_OF_TIME = 'the time of the run is over';

/**
 * Reads how sources are, out of the catalog. What fails of one stops none of the others.
 *
 * @param sources all of the settings when left out; names that are not set are passed over
 */
export async function readHealth(
  surroundings: HealthSurroundings,
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

/** What a listing of a source tells. */
interface Listed {
  /** Those with a manifest, newest first. */
  readonly folders: readonly StoredFolder[];
  readonly fingerprint: string;
  readonly remembered?: Look;
  /** Whether what is remembered was read out of the same. */
  readonly same: boolean;
}

class HealthReader {
  private readonly store: S3CatalogStore;
  private readonly settings: AlarmSettings;
  private readonly watch: Watch;

  constructor(
    { s3, settings, watch }: HealthSurroundings,
    private readonly clock: ServerClock,
  ) {
    [this.settings, this.watch] = [settings, watch];
    this.store = new S3CatalogStore(s3, settings.bucket);
  }

  async list(source: string): Promise<Listed> {
    const set = this.settings.sources[source]!;
    const listed = await recentFolders(this.store, source, set, () => this.clock.now());
    const now = this.clock.now();
    const folders = listed.filter((folder) => folder.manifest && isCounted(folder, now)).reverse();
    const fingerprint = fingerprintOf(folders, this.boundsOf(set));
    const remembered = await this.watch.look(source);
    return { folders, fingerprint, remembered: remembered?.look, same: remembered?.fingerprint === fingerprint };
  }

  async health(source: string, { folders, fingerprint, remembered, same }: Listed): Promise<SourceHealth> {
    const set = this.settings.sources[source]!;
    const read = (key: string) => unlessGone(this.store.get(key));
    const look = same && remembered ? remembered : await lookAt(read, source, folders, this.boundsOf(set));
    // What had backups and has none any more is waited for since the last one that was seen.
    const lost = look.newest ? undefined : remembered?.newest;
    if (!same && !lost) await this.watch.looked(source, { fingerprint, look });
    return this.judge(source, set, look, lost ?? (look.newest ? undefined : await this.waiting(source, folders)));
  }

  private boundsOf({ sizeBounds }: AlarmedSource): SizeBounds {
    return sizeBounds === undefined ? DEFAULT_SIZE_BOUNDS : this.settings.sizeBounds[sizeBounds]!;
  }

  /** Since when a source that never had a whole backup has been waited for: since its first one, if all are damaged. */
  private async waiting(source: string, folders: readonly StoredFolder[]): Promise<Waited> {
    const since = await this.watch.waitedSince(source, this.clock.now());
    const first = folders.at(-1)?.time ?? since;
    return { time: (first < since ? first : since).toISOString() };
  }

  private judge(source: string, set: AlarmedSource, look: Look, waited?: Waited): SourceHealth {
    const now = this.clock.now();
    const age = (time: string) => Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
    const { newest, proven, size } = look;
    const findings = findingsOf(look, set, now, waited).filter(({ signal }) => this.isOn(set, signal));
    return {
      source,
      ...(newest && { newest: { ...newest, ageSeconds: age(newest.time) } }),
      ageSeconds: age((newest ?? waited!).time),
      allowedAgeSeconds: set.allowedAgeSeconds,
      ...(proven && { proven: { ...proven, ageSeconds: age(backupIdTime(proven.id)!.toISOString()) } }),
      ...(size.deviation !== undefined && { sizeDeviation: size.deviation }),
      ...(size.usualBytes !== undefined && { usualBytes: size.usualBytes }),
      findings,
    };
  }

  private isOn({ off = [] }: AlarmedSource, signal: Finding['signal']): boolean {
    return !off.includes(signal) && !this.settings.off.includes(signal);
  }
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
