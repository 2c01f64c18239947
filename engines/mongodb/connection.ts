import { writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  MongoClient,
  MongoCompatibilityError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import type { Member, ReadPreferenceJob, ServerAddress } from '../../catalog/contract/task';
import type { Credentials } from '../../task/run/credentials';
import { BackupError, errorText } from '../../task/run/errors';
import type { Trust } from '../../task/io/tls';
import { connectionError, questionError, type ConnectionCauses } from '../shared/connection-error';
import { readHello, type Hello } from './topology';

const CONNECT_TIMEOUT_MS = 15_000;
const LOOKS = 5;
const LOOK_MS = 500;
/** Name of our connections and of the tools' in the server's log and in `currentOp`. */
const APPLICATION = 'cdk-proven-backups';
/** Where users are created, unless somebody says otherwise. */
const AUTH_SOURCE = 'admin';
const READ_PREFERENCE: ReadPreferenceJob = 'secondaryPreferred';
/** A secondary that is further behind is not read, unless it is named. */
export const MOST_SECONDS_BEHIND = 3600;

/** A server, and the account that we are there. */
export interface MongodbAccess {
  readonly server: ServerAddress & { readonly readPreference?: ReadPreferenceJob };
  /** A throw-away server has no users: the name is empty then. */
  readonly credentials: Credentials;
}

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
const MONGODB_CAUSES: ConnectionCauses = {
  AuthenticationFailed: {
    kind: 'login-refused',
    advice: 'the server refused user or password: check the secret, and authSource, the database of the user',
  },
  INCOMPATIBLE: {
    kind: 'version-mismatch',
    advice:
      'backups are made of MongoDB 4.4 to 8.2, and of Amazon DocumentDB 5.0 and 8.0: upgrade the server, or cdk-proven-backups if it is newer',
  },
};

const ENDED_IN_CLEAR_TEXT: ConnectionCauses = {
  ECONNRESET: {
    kind: 'not-ready',
    advice:
      'the server ended the connection at once: see whether it wants TLS (leave DatabaseTls.off out), is starting, or is out of memory or connections',
  },
};

const MEMBER_UNKNOWN: ConnectionCauses = {
  ENOTFOUND: {
    kind: 'host-unknown',
    advice:
      'members of a replica set are connected to by the names in its configuration: let the VPC resolve them, or give one member as host without replicaSet',
  },
};

/** Whether members are asked of those that are known, and one of them chosen. */
const isSet = ({ replicaSet, srv, members = [] }: ServerAddress): boolean =>
  replicaSet !== undefined || srv === true || members.length > 0;

/**
 * The connection string, without the password, for the driver and the tools alike.
 *
 * @param only connects to this member and to no other
 * @see https://www.mongodb.com/docs/manual/reference/connection-string/
 */
export function mongodbUri({ server, credentials }: MongodbAccess, trust: Trust | undefined, only?: Member): string {
  const discovers = only === undefined && isSet(server);
  const isSrv = discovers && server.srv === true;
  const members: readonly Member[] = only ? [only] : [server, ...(server.members ?? [])];
  const user = credentials.username === '' ? '' : `${encodeURIComponent(credentials.username)}@`;
  const { readPreference = READ_PREFERENCE } = server;
  const options: Readonly<Record<string, string | undefined>> = {
    // What DNS says counts more than the path, and less than this.
    authSource: user === '' || isSrv ? server.authSource : (server.authSource ?? AUTH_SOURCE),
    directConnection: discovers ? undefined : 'true',
    replicaSet: discovers ? server.replicaSet : undefined,
    tls: String(trust !== undefined),
    tlsCAFile: trust?.file,
    readPreference,
    maxStalenessSeconds: discovers && readPreference !== 'primary' ? String(MOST_SECONDS_BEHIND) : undefined,
    // DocumentDB takes no others, and nothing here needs them: a load that breaks has failed.
    retryWrites: 'false',
    connectTimeoutMS: String(CONNECT_TIMEOUT_MS),
    serverSelectionTimeoutMS: String(CONNECT_TIMEOUT_MS),
    appName: APPLICATION,
  };
  const query = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${encodeURIComponent(value)}`,
  );
  const hosts = isSrv ? server.host : members.map(hostOf).join(',');
  const path = isSrv ? encodeURIComponent(server.defaultAuthSource ?? '') : '';
  return `mongodb${isSrv ? '+srv' : ''}://${user}${hosts}/${path}?${query.join('&')}`;
}

function hostOf({ host, port }: Member): string {
  if (isAbsolute(host)) return encodeURIComponent(host);
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** One member of a server, and what it says of itself. */
export interface ConnectedMember {
  readonly client: MongoClient;
  readonly hello: Hello;
  /** The member that was chosen; the server of the job is the only one if left out. */
  readonly only?: Member;
  /** The server, with the database of its user. */
  readonly access: MongodbAccess;
}

/**
 * Connects to the member to dump from, and to no other: what is read of two members at once is of two moments.
 *
 * @throws BackupError `connection` or `configuration`
 */
export async function connectToMember(access: MongodbAccess, trust: Trust | undefined): Promise<ConnectedMember> {
  const found = await connect(access, trust);
  const { me } = found.hello;
  if (!isSet(access.server) || me === undefined) return found;
  await found.client.close();
  return { ...(await connect(found.access, trust, me)), only: me };
}

async function connect(access: MongodbAccess, trust: Trust | undefined, only?: Member): Promise<ConnectedMember> {
  const { server, credentials } = access;
  const { username, password } = credentials;
  const asked = only ?? server;
  let opened: MongoClient | undefined;
  try {
    // Refuses an address that is none, such as one that the deployment alone has known.
    const client = new MongoClient(
      mongodbUri(access, trust, only),
      username === '' ? {} : { auth: { username, password } },
    );
    opened = client;
    await client.connect();
    const { readPreference, credentials: login } = client.options;
    const hello = async (): Promise<Hello> =>
      readHello(await client.db('admin').command({ hello: 1 }, { readPreference }), asked);
    let said = await hello();
    // It is the first one that answers: how far it is behind is seen, and another one found, when all have.
    for (let looks = 0; !only && isSet(server) && said.secondsBehind > MOST_SECONDS_BEHIND && looks < LOOKS; looks++) {
      await sleep(LOOK_MS);
      said = await hello();
    }
    return {
      client,
      hello: said,
      access: login ? { server: { ...server, authSource: login.source }, credentials } : access,
    };
  } catch (error) {
    await opened?.close();
    if (error instanceof BackupError) throw error;
    const causes = { ...MONGODB_CAUSES, ...(isSet(server) && MEMBER_UNKNOWN), ...(!trust && ENDED_IN_CLEAR_TEXT) };
    throw connectionError({ ...server, ...asked }, plain(error), causes, { account: username });
  }
}

/** Answers by their names; and where the driver only says that it found no member, what the first one said. */
function plain(error: unknown): unknown {
  if (error instanceof MongoServerError) return coded(error, error.codeName);
  if (!(error instanceof MongoServerSelectionError)) return error;
  const first = [...(error.reason?.servers.values() ?? [])].find((one) => one.error)?.error;
  // No member has said anything.
  if (!first) return coded(error, 'ETIMEDOUT');
  if (first instanceof MongoCompatibilityError) return coded(first, 'INCOMPATIBLE');
  // A server that does not speak TLS ends the connection at its first bytes.
  if (first.message.endsWith('before secure TLS connection was established'))
    return coded(first, 'HANDSHAKE_NO_SSL_SUPPORT');
  return /^connection .* closed$/.test(first.message) ? coded(first, 'ECONNRESET') : first;
}

/** The failure of a command whose connection broke; any other error as it is. */
export function connectionFailure(server: ServerAddress, error: unknown): unknown {
  const isLost = error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
  return questionError(server, isLost ? coded(error, 'ECONNRESET') : error);
}

/** The failure of a question: of its connection, or of what the user may ask; any other error as it is. */
export function questionFailure(server: ServerAddress, error: unknown): unknown {
  if (!(error instanceof MongoServerError)) return connectionFailure(server, error);
  if (error.codeName !== 'Unauthorized') return error;
  const said = errorText(error);
  return new BackupError(
    'privileges',
    `the user may not ask what a complete dump needs to know: ${said}: grant it the role backup, or read on the databases that are chosen`,
    { kind: 'privileges-missing', said },
    { cause: error },
  );
}

const coded = (error: Error, code: string | undefined): Error => Object.assign(new Error(errorText(error)), { code });

/** Writes the configuration file of the tools, which holds what their command line must not show: mode 0600. */
export function writeToolConfig(
  access: MongodbAccess,
  scratch: string,
  trust: Trust | undefined,
  only?: Member,
): string {
  const { username, password } = access.credentials;
  // A text of JSON is a text of YAML.
  const config = { uri: mongodbUri(access, trust, only), ...(username === '' ? {} : { password }) };
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  const file = join(scratch, 'mongodb.yaml');
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return file;
}
