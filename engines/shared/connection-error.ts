import type { ServerJob } from '../../catalog/contract/task';
import { BackupError, errorCode, errorText } from '../../task/run/errors';

const ADVICE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host name: check host, and that the VPC resolves it',
  EAI_AGAIN: 'the name server did not answer: check the DNS settings of the VPC',
  ECONNREFUSED: 'nothing listens there: check host and port, and that the server runs',
  ETIMEDOUT: 'no answer: let the security group of the database admit the one of the backup task, and check the route',
  CERT_HAS_EXPIRED: "the server's certificate has expired: renew it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the server's certificate is for another name: use the name that it was issued for as host",
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate is not signed by a trusted authority: give its authority with DatabaseTls.certificateAuthority(pem)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed: give it with DatabaseTls.certificateAuthority(pem)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate is not signed by a trusted authority: give its authority with DatabaseTls.certificateAuthority(pem)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the certificate is not signed by a trusted authority: give its authority with DatabaseTls.certificateAuthority(pem)',
  HANDSHAKE_NO_SSL_SUPPORT: 'the server offers no TLS: switch it on there, or choose DatabaseTls.off(reason)',
};

/** mysql2 puts its own code over that of TLS: then the message tells. */
const TLS_CODES: readonly [text: RegExp, code: string][] = [
  [/certificate has expired/, 'CERT_HAS_EXPIRED'],
  [/self[- ]signed certificate in certificate chain/, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self[- ]signed certificate/, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to (verify the first|get local issuer) certificate/, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/does not match certificate's altnames/, 'ERR_TLS_CERT_ALTNAME_INVALID'],
];

/** Turns a failure to connect into a sentence that names the server and says what to do. */
export function connectionError(
  server: ServerJob,
  error: unknown,
  engineAdvice: Readonly<Record<string, string>>,
): BackupError {
  const told = TLS_CODES.find(([text]) => text.test(errorText(error)))?.[1];
  const code = told ?? causeCode(error) ?? '';
  const advice = engineAdvice[code] ?? ADVICE[code] ?? 'check host, port, security groups and the secret';
  return new BackupError(
    'connection',
    `could not connect to ${server.host}:${server.port}: ${errorText(error)} (${advice})`,
    { cause: error },
  );
}

/** Drivers wrap the errors of TLS: the innermost known code tells. */
function causeCode(error: unknown): string | undefined {
  const inner = (error as { cause?: unknown } | null)?.cause;
  const known = inner === undefined ? undefined : causeCode(inner);
  return known ?? errorCode(error);
}
