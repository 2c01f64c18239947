import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { hasRdsAuthorities } from '../../lib/database/private/rds-authorities';
import { document } from './markdown';

test('the commands of docs/tls.md make a certificate for the host, which their authority vouches for', () => {
  const { code } = document('docs/tls.md').blocks.find((block) => block.code.includes('openssl req -x509'))!;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-'));
  execFileSync('bash', ['-ec', code], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const read = (file: string): X509Certificate => new X509Certificate(fs.readFileSync(path.join(folder, file)));
  const [authority, certificate] = [read('ca.pem'), read('server-cert.pem')];
  fs.rmSync(folder, { recursive: true });
  expect(authority.ca).toBe(true);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkHost('shop.internal.example.com')).toBe('shop.internal.example.com');
  expect(certificate.checkHost('other.internal.example.com')).toBeUndefined();
  expect((certificate.validToDate.getTime() - Date.now()) / 86_400_000).toBeCloseTo(825, 0);
});

test('docs/tls.md names the Regions whose authorities of RDS the package lacks', () => {
  const [, named = ''] = /The package holds no authorities of([^.]+)\./.exec(document('docs/tls.md').prose) ?? [];
  const documented = named.match(/\b[a-z]{2}-[a-z]+-\d\b/g) ?? [];
  const commercial = RegionInfo.regions.filter(({ partition }) => partition === 'aws').map(({ name }) => name);
  const lacking = commercial.filter((region) => !hasRdsAuthorities(region));
  expect(documented.toSorted()).toEqual(lacking.toSorted());
  expect(commercial.length - lacking.length).toBeGreaterThan(25);
});
