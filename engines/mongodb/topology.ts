import type { Document } from 'mongodb';
import type { Member } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';

/** What a server says of itself. https://www.mongodb.com/docs/manual/reference/command/hello/ */
export interface Hello {
  /** Where this member of a replica set listens, as its set knows it. */
  readonly me: Member | undefined;
  /** Name of its replica set. */
  readonly setName: string | undefined;
  /** Seconds by which its data is behind its clock; 0 where it does not say. A primary writes every ten seconds. */
  readonly secondsBehind: number;
}

const SECOND = 1000;

/**
 * Reads what a server says of itself.
 *
 * @throws BackupError `configuration` for a server that has no data of its own; `connection` if it cannot be read now
 */
export function readHello(hello: Document, { host, port }: Member): Hello {
  if (hello.msg === 'isdbgrid')
    throw new BackupError(
      'configuration',
      `${host}:${port} is a mongos of a sharded cluster, of which mongodump makes no consistent backup: back up each shard as a replica set of its own while the balancer is stopped, or use the backups of Atlas or Ops Manager`,
      { kind: 'sharded-cluster', host, port },
    );
  if (hello.arbiterOnly === true)
    throw new BackupError(
      'configuration',
      `${host}:${port} is an arbiter, which has no data: give another member of the replica set`,
      { kind: 'arbiter', host, port },
    );
  const isReadable = hello.isWritablePrimary === true || hello.ismaster === true || hello.secondary === true;
  if (!isReadable)
    throw new BackupError(
      'connection',
      `${host}:${port} is a member of a replica set that can be read neither as primary nor as secondary now: see rs.status() there, or give another member`,
      { kind: 'not-ready', host, port },
    );
  const { lastWriteDate } = (hello.lastWrite ?? {}) as { readonly lastWriteDate?: unknown };
  const { localTime } = hello as { readonly localTime?: unknown };
  const isDated = lastWriteDate instanceof Date && localTime instanceof Date;
  return {
    me: typeof hello.me === 'string' ? memberOf(hello.me) : undefined,
    setName: typeof hello.setName === 'string' ? hello.setName : undefined,
    secondsBehind: isDated ? Math.round((localTime.getTime() - lastWriteDate.getTime()) / SECOND) : 0,
  };
}

/** `db.internal:27017`, `[::1]:27017`. */
function memberOf(text: string): Member | undefined {
  const [, bracketed, name, port] = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? name;
  return host === undefined ? undefined : { host, port: Number(port) };
}
