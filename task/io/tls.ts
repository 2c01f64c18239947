import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { TlsJob } from '../../catalog/contract/task';

/** Trusted certificate authorities in PEM; `undefined` if the user chose clear text. */
export function trustedAuthorities(tls: TlsJob): string | undefined {
  switch (tls.mode) {
    case 'amazon-rds':
      return readFileSync(join(__dirname, 'rds-ca.pem'), 'utf8');
    case 'public':
      return rootCertificates.join('\n');
    case 'certificate-authority':
      return tls.pem;
    case 'off':
      return undefined;
  }
}

/** Trusted certificate authorities: as text for drivers, as a file for tools. */
export interface Trust {
  readonly pem: string;
  readonly file: string;
}

/** Writes the trusted authorities beside the option files; `undefined` if TLS is off. */
export function writeTrust(tls: TlsJob, scratch: string): Trust | undefined {
  const pem = trustedAuthorities(tls);
  if (pem === undefined) return undefined;
  const file = join(scratch, 'ca.pem');
  writeFileSync(file, pem, { mode: 0o600 });
  return { pem, file };
}
