/** Into what `restore --local --to …` restores. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { ServerAddress, TlsJob } from '../../../catalog/contract/task';
import { engineFacts, serverFacts } from '../../../engines/facts';
import { UsageError } from '../errors';

/** What is said of a target on the command line. */
export interface TargetOptions {
  readonly to?: string;
  readonly ca?: string;
  /** `false` with `--no-tls`, or the reason that was given with it. */
  readonly tls?: boolean | string;
}

/** A server, and the account to use there, or a file. */
export interface LocalTarget {
  /** For people. */
  readonly title: string;
  readonly server?: ServerAddress;
  readonly file?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** A server, and the account to use there. */
export interface ServerTarget {
  readonly server: ServerAddress;
  readonly username: string;
}

/**
 * Reads the URL of a server.
 *
 * @throws UsageError without the text: it may hold a password
 */
export function serverTarget(engine: string, { to = '', ca, tls }: TargetOptions): ServerTarget {
  const url = URL.canParse(to) ? new URL(to) : undefined;
  const { protocols, defaultPort } = serverFacts(engine);
  const example = `${protocols[0]}://user@host:${defaultPort}`;
  if (!url || !protocols.includes(url.protocol.slice(0, -1)))
    throw new UsageError(
      `--to must be the URL of a server of ${engineFacts(engine).title}, such as ${example}${url ? `, got one of ${url.protocol}//` : ''}`,
    );
  if (url.password !== '')
    throw new UsageError(
      `--to must not hold a password, because others see the command line: set PROVEN_BACKUPS_PASSWORD, or use --option-file, or type it when asked`,
    );
  if (url.username === '' || url.hostname === '')
    throw new UsageError(`--to must name a user and a host, such as ${example}`);
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '')
    throw new UsageError(
      `--to must end with the port, such as ${example}: the databases have the names of the backup, or that of --as`,
    );
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? defaultPort : Number(url.port);
  return { server: { host, port, tls: tlsOf(host, ca, tls) }, username: decoded(url.username) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new UsageError(`--to must have %25 for each % that stands for itself, got: ${part}`);
  }
}

/**
 * The path of the file that `--to` names.
 *
 * @throws UsageError
 */
export function fileTarget({ to = '', ca, tls }: TargetOptions): string {
  if (to === '' || /^[a-z]+:\/\//i.test(to))
    throw new UsageError(
      `--to must be the path of a file for a backup of a file, such as ./shop.db, and of a directory for one of files`,
    );
  if (ca !== undefined || tls === false || typeof tls === 'string')
    throw new UsageError('--ca and --no-tls are about a server, and --to is a file: leave them out');
  return path.resolve(to);
}

function tlsOf(host: string, ca: string | undefined, tls: boolean | string = true): TlsJob {
  if (ca !== undefined && tls !== true) throw new UsageError('--ca and --no-tls cannot be given together');
  if (ca !== undefined) return { mode: 'certificate-authority', pem: certificateIn(ca) };
  if (tls !== true) {
    const reason = typeof tls === 'string' ? tls : isLoopback(host) ? 'the server is on this machine' : undefined;
    if (reason !== undefined) return { mode: 'off', reason };
    throw new UsageError(
      `--no-tls sends the password and all data in clear text to ${host}: give --ca, or a reason: --no-tls 'inside of a VPN'`,
    );
  }
  return { mode: /\.rds\.amazonaws\.com(\.cn)?$/.test(host) ? 'amazon-rds' : 'public' };
}

/** https://www.rfc-editor.org/rfc/rfc6890: 127.0.0.0/8 and ::1 */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

function certificateIn(file: string): string {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--ca must be a file that can be read: ${(error as Error).message}`);
  }
  if (pem.includes('BEGIN CERTIFICATE')) return pem;
  throw new UsageError(`--ca must be a certificate authority in PEM, and ${file} holds no BEGIN CERTIFICATE`);
}
