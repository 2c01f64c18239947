import type { ReasonValues } from '../../catalog/contract/failure';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError, errorCode, errorText, type RunReason } from '../../task/run/errors';

/** The meaning of an error code: the reason, and what to do. */
export interface ConnectionCause {
  readonly kind: RunReason['kind'];
  readonly advice: string;
  /** Whether the same run may well succeed now: see {@link BackupError}. */
  readonly passing?: boolean;
}

/** Causes by error code: those of a driver, of TLS or of the network. */
export type ConnectionCauses = Readonly<Record<string, ConnectionCause>>;

const UNTRUSTED = {
  kind: 'certificate-untrusted',
  advice:
    'the certificate is not signed by a trusted authority: give its authority with DatabaseTls.certificateAuthority(pem)',
} as const;

const UNTRUSTED_BY_RDS: ConnectionCause = {
  ...UNTRUSTED,
  advice:
    'no authority of RDS in this image signed the certificate: give the bundle of its Region with DatabaseTls.certificateAuthority(pem)',
};

const NO_ROUTE = {
  kind: 'no-answer',
  advice: 'no answer: let the security group of the database admit the one of the backup task, and check the route',
} as const;

/** It is there, and not ready for anybody. */
export const NOT_READY = {
  kind: 'not-ready',
  advice: 'the server ended the connection at once: see whether it is starting, or out of memory or connections',
} as const;

export const NETWORK_CAUSES: ConnectionCauses = {
  ENOTFOUND: { kind: 'host-unknown', advice: 'no such host name: check host, and that the VPC resolves it' },
  EAI_AGAIN: {
    kind: 'name-server-silent',
    advice: 'the name server did not answer: check the DNS settings of the VPC',
  },
  ECONNREFUSED: {
    kind: 'nothing-listens',
    advice: 'nothing listens there: check host and port, and that the server runs',
  },
  ETIMEDOUT: NO_ROUTE,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ECONNRESET: NOT_READY,
  EPIPE: NOT_READY,
  CERT_HAS_EXPIRED: { kind: 'certificate-expired', advice: "the server's certificate has expired: renew it" },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    kind: 'certificate-name',
    advice: "the server's certificate is for another name: use the name that it was issued for as host",
  },
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    kind: 'certificate-self-signed',
    advice: 'the certificate is self-signed: give it with DatabaseTls.certificateAuthority(pem)',
  },
  HANDSHAKE_NO_SSL_SUPPORT: {
    kind: 'tls-not-offered',
    advice: 'the server offers no TLS: switch it on there, or choose DatabaseTls.off(reason)',
  },
};

const UNKNOWN: ConnectionCause = { kind: 'other', advice: 'check host, port, security groups and the secret' };

/** Texts of Node.js and of the drivers where a code is missing or hides another: mysql2 puts its own over that of TLS. */
const CODES_BY_TEXT: readonly (readonly [text: RegExp, code: string])[] = [
  [/certificate has expired/, 'CERT_HAS_EXPIRED'],
  [/self[- ]signed certificate in certificate chain/, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self[- ]signed certificate/, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to (verify the first|get local issuer) certificate/, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/does not match certificate's altnames/, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [/^The server does not support SSL connections$/, 'HANDSHAKE_NO_SSL_SUPPORT'],
  [/^timeout expired$/, 'ETIMEDOUT'],
  [/^Connection terminated unexpectedly$/, 'ECONNRESET'],
];

/** Turns a failure to connect into a sentence that names the server and says what to do, and into facts. */
export function connectionError(
  { host, port, tls }: Pick<ServerJob, 'host' | 'port'> & Partial<Pick<ServerJob, 'tls'>>,
  error: unknown,
  engineCauses: ConnectionCauses,
  values: ReasonValues = {},
): BackupError {
  const said = errorText(error);
  const code = CODES_BY_TEXT.find(([text]) => text.test(said))?.[1] ?? innermostCode(error) ?? '';
  const cause = causeOf(code, engineCauses, NETWORK_CAUSES) ?? UNKNOWN;
  const { kind, advice, passing } = cause === UNTRUSTED && tls?.mode === 'amazon-rds' ? UNTRUSTED_BY_RDS : cause;
  return new BackupError(
    'connection',
    `could not connect to ${host}:${port}: ${said} (${advice})`,
    { kind, host, port, ...values, said },
    { cause: error, passing },
  );
}

/** The end of a session: as drivers and the system call it, as PostgreSQL does (class 57P), and as MySQL does. */
const LOST_CODES = [
  ...['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', '57P01', '57P02', '57P03', '57P05'],
  ...['ER_SERVER_SHUTDOWN', 'ER_CLIENT_INTERACTION_TIMEOUT'],
];
/** MariaDB's for a session that was killed, which the driver has no name for. */
const KILLED = 1927;
/** Texts of the drivers, where they have no code. */
const LOST_TEXT = /^Connection terminated|is not queryable$|connection is in closed state$/;

/** The failure of a question whose connection broke; any other error as it is. */
export function questionError({ host, port }: Pick<ServerJob, 'host' | 'port'>, error: unknown): unknown {
  if (error instanceof BackupError) return error;
  const said = errorText(error);
  const isLost =
    LOST_CODES.includes(errorCode(error) ?? '') ||
    (error as { errno?: unknown } | null)?.errno === KILLED ||
    LOST_TEXT.test(said);
  if (!isLost) return error;
  return new BackupError(
    'connection',
    `the connection to ${host}:${port} broke: ${said} (see whether the server runs, and what it says in its log)`,
    { kind: 'connection-lost', host, port, said },
    { cause: error, passing: true },
  );
}

const causeOf = (code: string, ...tables: readonly ConnectionCauses[]): ConnectionCause | undefined =>
  tables.find((table) => Object.hasOwn(table, code))?.[code];

/** Drivers wrap the errors of TLS: the innermost code counts. */
function innermostCode(error: unknown): string | undefined {
  const inner = (error as { cause?: unknown } | null)?.cause;
  const known = inner === undefined ? undefined : innermostCode(inner);
  return known ?? errorCode(error);
}
