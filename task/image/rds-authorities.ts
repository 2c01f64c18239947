/**
 * A step in the build of the image: `node rds-authorities.js <file> <URL>` adds the certificate authorities that AWS publishes
 * for RDS today to those of this package. A build without them succeeds, and says so.
 */
import { X509Certificate } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { errorText } from '../run/errors';

const TIMEOUT_MS = 10_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws Error unless the answer is certificates of authorities, and nothing but them */
async function download(url: string): Promise<readonly string[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`it answered with status ${response.status}`);
  const text = await response.text();
  const pems = text.match(CERTIFICATE) ?? [];
  if (pems.length === 0 || !pems.every((pem) => new X509Certificate(pem).ca))
    throw new Error('it answered with something else');
  return pems;
}

async function main(file: string, url: string): Promise<string> {
  try {
    const pems = await download(url);
    appendFileSync(file, `\n${pems.join('\n')}\n`);
    return `those of this package, and ${pems.length} from ${url}`;
  } catch (error) {
    const why = errorText((error as { cause?: unknown }).cause ?? error);
    return `those of this package only, because ${url} could not be used: ${why}`;
  }
}

const [file = '', url = ''] = process.argv.slice(2);
void main(file, url).then((which) =>
  process.stdout.write(`cdk-proven-backups: certificate authorities of RDS: ${which}\n`),
);
