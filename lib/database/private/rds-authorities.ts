import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFolder } from '../../private/bundle-folder';

const FILE = 'rds-ca.pem';
/** Each Region has authorities of its own, named after it. */
const NAME = /^CN=Amazon RDS (\S+) Root CA /m;

let regions: ReadonlySet<string> | undefined;

/** Whether the certificate authorities of a Region's RDS ship with the program. */
export function hasRdsAuthorities(region: string): boolean {
  regions ??= new Set(shipped().flatMap(({ subject }) => NAME.exec(subject)?.[1] ?? []));
  return regions.has(region);
}

function shipped(): X509Certificate[] {
  const bundle = readFileSync(join(bundleFolder('task', FILE), FILE), 'utf8');
  return (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
}
