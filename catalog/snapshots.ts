/** Snapshots of volumes as backups of those volumes: which of them may be pruned, and what speaks against it. Pure. */
import type { RetainedBackup } from './retention/retention';

/** Volume that EC2 names for copies: they all share it, whatever they were copied from. */
export const UNKNOWN_VOLUME = 'vol-ffffffff';

/** An archived snapshot that is deleted earlier is billed for the rest all the same. */
const ARCHIVE_DAYS = 90;
const DAY_MS = 86_400_000;

/** A snapshot, as EC2 lists it. */
export interface VolumeSnapshot {
  readonly id: string;
  readonly volume: string;
  readonly time: Date;
  /** EC2's word: `completed`, `pending`, `error` and others. */
  readonly state: string;
  readonly bytes: number;
  readonly archived: boolean;
  readonly tags: ReadonlyMap<string, string>;
}

/** Other facts of EC2 about snapshots, each by the id of the snapshot. */
export interface SnapshotTies {
  /** An image that uses it. */
  readonly images: ReadonlyMap<string, string>;
  /** How it is locked. */
  readonly locks: ReadonlyMap<string, string>;
  /** When it came to the archive tier. */
  readonly archivedAt: ReadonlyMap<string, Date>;
  /** With whom it is shared. */
  readonly shares: ReadonlyMap<string, string>;
}

/** A snapshot, as a plan needs it. */
export interface SnapshotBackup extends RetainedBackup {
  readonly bytes: number;
}

/** Tags of programs that make and delete snapshots themselves: the beginning of their keys. */
const OTHER_OWNERS: readonly (readonly [string, string])[] = [
  ['aws:dlm:', 'Data Lifecycle Manager'],
  ['aws:backup:', 'AWS Backup'],
  ['aws:', 'an AWS service'],
  ['ebs.csi.aws.com/', 'the EBS driver of Kubernetes'],
  ['CSIVolumeSnapshotName', 'the EBS driver of Kubernetes'],
  ['kubernetes.io/', 'Kubernetes'],
  ['velero.io/', 'Velero'],
];

/**
 * Why a snapshot takes no part in a plan, if it takes none: somebody else deletes it, it is not finished, or nobody knows
 * what it was made of. It stays, and counts for no rule: a floor of snapshots that others delete would be none.
 */
export function setAside({ tags, state, volume }: VolumeSnapshot): string | undefined {
  for (const [prefix, owner] of OTHER_OWNERS) {
    const key = [...tags.keys()].find((tag) => tag.startsWith(prefix));
    if (key !== undefined) return `owned by ${owner}: it carries the tag ${key}`;
  }
  if (volume === UNKNOWN_VOLUME) return 'a copy: its volume is not known';
  return state === 'pending' ? 'not finished' : undefined;
}

/** A snapshot as a backup of its volume. */
export function snapshotBackup(snapshot: VolumeSnapshot, ties: SnapshotTies, now: Date): SnapshotBackup {
  const { id, time, state, bytes } = snapshot;
  const held = heldBy(snapshot, ties, now);
  const damage = state === 'completed' ? undefined : `its state is ${state}`;
  return { id, time, bytes, ...(damage !== undefined && { damage }), ...(held !== undefined && { held }) };
}

function heldBy({ id, archived }: VolumeSnapshot, ties: SnapshotTies, now: Date): string | undefined {
  const image = ties.images.get(id);
  if (image !== undefined) return `the image ${image} uses it`;
  const lock = ties.locks.get(id);
  if (lock !== undefined) return lock;
  const share = ties.shares.get(id);
  if (share !== undefined) return `shared with ${share}`;
  if (!archived) return undefined;
  const since = ties.archivedAt.get(id);
  if (since === undefined) return 'archived, and it is not known since when';
  const until = new Date(since.getTime() + ARCHIVE_DAYS * DAY_MS);
  return until > now ? `archived: it is billed until ${until.toISOString()} in any case` : undefined;
}
