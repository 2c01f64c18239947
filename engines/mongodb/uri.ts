import { READ_PREFERENCES, type Member, type ReadPreferenceJob } from '../../catalog/contract/task';
import type { ServerUri } from '../engine-facts';

const DEFAULT_PORT = 27_017;

/** Options of a connection string that make no difference to a backup. https://www.mongodb.com/docs/manual/reference/connection-string-options/ */
const IGNORED = [
  ...['retryWrites', 'retryReads', 'w', 'wtimeoutMS', 'journal', 'readConcernLevel', 'appName', 'compressors'],
  ...['zlibCompressionLevel', 'maxPoolSize', 'minPoolSize', 'maxConnecting', 'maxIdleTimeMS', 'waitQueueTimeoutMS'],
  ...['timeoutMS', 'connectTimeoutMS', 'socketTimeoutMS', 'serverSelectionTimeoutMS', 'heartbeatFrequencyMS'],
  ...['serverMonitoringMode', 'uuidRepresentation'],
];
/** Options that are read. */
const OPTIONS = [
  'replicaSet',
  'authSource',
  'authMechanism',
  'readPreference',
  'directConnection',
  'tls',
  'ssl',
] as const;
type Options = Partial<Record<(typeof OPTIONS)[number], string>>;

/** Says what is wrong without showing the text, of which any part may be a secret. */
const wrong = (what: string): Error => new Error(`the connection string ${what}`);

/**
 * Reads a connection string of MongoDB. Pure.
 *
 * @throws Error that says what is wrong, without a part of the string that could be a secret
 * @see https://www.mongodb.com/docs/manual/reference/connection-string/
 */
export function readUri(uri: string): ServerUri {
  const [, srv, user = '', hosts = '', database = '', query = ''] =
    /^mongodb(\+srv)?:\/\/(?:([^@/]*)@)?([^@/?]+)(?:\/([^/?]*))?(?:\?(.*))?$/.exec(uri.trim()) ?? [];
  if (hosts === '') throw wrong('does not begin with mongodb:// or mongodb+srv://, or has no host');
  const [username = '', password = ''] = user.split(':', 2).map(decoded);
  if (username === '' || password === '') throw wrong('has no user name, or no password');
  if (user.split(':').length > 2) throw wrong('has a password with a colon in it, which must be %3A');
  const [first, ...members] = hosts.split(',').map(memberOf);
  if (srv !== undefined && members.length > 0) throw wrong('must name one host after mongodb+srv://');
  const options = optionsOf(query);
  const { replicaSet, authSource, authMechanism, readPreference } = options;
  const isSet = srv !== undefined || members.length > 0 || replicaSet !== undefined;
  if (switchOf(options, 'directConnection') && isSet)
    throw wrong('has directConnection with several members, replicaSet or mongodb+srv://: leave out one of them');
  if (authMechanism !== undefined && !/^SCRAM-SHA-(?:1|256)$/.test(authMechanism))
    throw wrong('has an authMechanism other than SCRAM-SHA-1 and SCRAM-SHA-256: give a user with a password');
  const [tls, ssl] = [switchOf(options, 'tls'), switchOf(options, 'ssl')];
  if (tls !== undefined && ssl !== undefined && tls !== ssl) throw wrong('has tls and ssl, which disagree');
  const users = database === '' ? undefined : decoded(database);
  return {
    address: {
      ...first!,
      ...(members.length > 0 && { members }),
      ...(srv !== undefined && { srv: true }),
      ...(replicaSet !== undefined && { replicaSet }),
      ...(authSource !== undefined && { authSource }),
      // The database of the path is where users are looked for, if nothing else is said: DNS may.
      ...(authSource === undefined && users && { [srv === undefined ? 'authSource' : 'defaultAuthSource']: users }),
      ...(readPreference !== undefined && { readPreference: preferenceOf(readPreference) }),
    },
    credentials: { username, password },
    ...((tls ?? ssl ?? srv) !== undefined && { tls: tls ?? ssl ?? true }),
  };
}

function optionsOf(query: string): Options {
  const found: Options = {};
  const isCalled = (name: string) => (known: string) => known.toLowerCase() === name.toLowerCase();
  // A + is no space here.
  for (const [name, value] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    const option = OPTIONS.find(isCalled(name));
    if (option) found[option] = value;
    else if (!IGNORED.some(isCalled(name)))
      throw wrong(`has the option ${name}, which backups do not support: leave it out, or use tls of the database`);
  }
  return found;
}

function switchOf(options: Options, name: 'directConnection' | 'tls' | 'ssl'): boolean | undefined {
  const { [name]: value } = options;
  if (value !== undefined && value !== 'true' && value !== 'false')
    throw wrong(`has the option ${name}, which must be true or false`);
  return value === undefined ? undefined : value === 'true';
}

function preferenceOf(value: string): ReadPreferenceJob {
  const known = READ_PREFERENCES.find((one) => one === value);
  if (!known) throw wrong(`has a readPreference that is not one of ${READ_PREFERENCES.join(', ')}`);
  return known;
}

function memberOf(text: string): Member {
  const [, bracketed, name, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) throw wrong('has a host that is neither a name nor an address with a port');
  return { host: decoded(host), port: digits === undefined ? DEFAULT_PORT : Number(digits) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong('has a % that stands for itself, which must be %25');
  }
}
