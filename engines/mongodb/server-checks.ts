import { setTimeout as sleep } from 'node:timers/promises';
import { MongoServerError, type Document, type MongoClient } from 'mongodb';
import type { Member } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import type { ServerContext } from '../engine';
import { majorVersion } from '../shared/versions';
import { isWhole } from './collections';
import { MOST_SECONDS_BEHIND, type ConnectedMember } from './connection';
import { isDocumentDb } from './privileges';

/** A member may be as far behind as a busy one is now and then. Seconds. */
const BEHIND_SECONDS = 300;

/**
 * Notes what a restore of this server would not bring back as it is.
 *
 * @throws BackupError if a dump of it would not be one of now
 */
export async function checkServer(
  { note }: ServerContext,
  { client, hello: { secondsBehind }, only }: ConnectedMember,
  serverVersion: string,
): Promise<void> {
  if (only && secondsBehind > MOST_SECONDS_BEHIND) throw tooFarBehind(only, secondsBehind);
  const { version, targetVersion } = await featureVersion(client);
  if (targetVersion !== undefined)
    throw new BackupError(
      'configuration',
      `the feature compatibility version is being changed to ${targetVersion}: back up when db.adminCommand({ setFeatureCompatibilityVersion: … }) has ended; run it again if it was interrupted`,
      { kind: 'version-changing', object: targetVersion },
    );
  if (version !== undefined && version !== majorVersion(serverVersion, 2))
    note({ kind: 'feature-version', said: version });
  if (secondsBehind > BEHIND_SECONDS) note({ kind: 'secondary-behind', said: String(secondsBehind) });
}

/** The next run may find another member. */
const tooFarBehind = ({ host, port }: Member, seconds: number): BackupError =>
  new BackupError(
    'connection',
    `${host}:${port} is a member of a replica set that is ${seconds} seconds behind, and a backup is read from none that is more than ${MOST_SECONDS_BEHIND}: see rs.printSecondaryReplicationInfo(), or give this member as host without replicaSet if it is behind on purpose`,
    { kind: 'member-behind', host, port },
    { passing: true },
  );

/** The feature compatibility version; nothing where servers have none, or where the user may not ask for it. */
async function featureVersion(client: MongoClient): Promise<{ version?: string; targetVersion?: string }> {
  const question = { getParameter: 1, featureCompatibilityVersion: 1 };
  const answer: Document = await client
    .db('admin')
    .command(question)
    .catch(() => ({}));
  return (answer.featureCompatibilityVersion ?? {}) as { version?: string; targetVersion?: string };
}

/** A primary without writers writes an entry every ten seconds. */
const OPLOG_PATIENCE_MS = 30_000;
const OPLOG_PAUSE_MS = 1000;

/** Whether the server has an oplog that this user may read, by which a dump of all is of one moment. */
export async function hasOplog(
  { server }: ServerContext,
  { client, hello: { setName, me } }: ConnectedMember,
): Promise<boolean> {
  // DocumentDB says that it is a replica set.
  if (!isWhole(server) || setName === undefined || [server, me].some((one) => one && isDocumentDb(one.host)))
    return false;
  try {
    return (await newestOf(client)) !== null;
  } catch (error) {
    const { codeName } = error instanceof MongoServerError ? error : {};
    if (codeName !== 'Unauthorized' && codeName !== 'NamespaceNotFound') throw error;
    // That it may not be read is told with the other privileges that are missing.
    return codeName === 'Unauthorized';
  }
}

/**
 * Waits while the newest entry of the oplog is one that fails a dump: mongodump begins with that entry, and a run that is made once
 * more after a rename would meet it again.
 */
export async function awaitOplog(client: MongoClient, signal: AbortSignal): Promise<void> {
  const end = performance.now() + OPLOG_PATIENCE_MS;
  while (performance.now() < end) {
    const entry = await newestOf(client);
    const { renameCollection, importCollection } = (entry?.o ?? {}) as Document;
    if ((renameCollection ?? importCollection) === undefined && entry?.ns !== 'admin.system.version') return;
    await sleep(OPLOG_PAUSE_MS, undefined, { signal });
  }
}

const newestOf = (client: MongoClient): Promise<Document | null> =>
  client
    .db('local')
    .collection('oplog.rs')
    .findOne({}, { sort: { $natural: -1 } });
