import * as fs from 'node:fs';
import { trustedAuthorities, writeTrust } from '../../../task/io/tls';
import { temporaryDirectory } from '../../support/processes';

const PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
const directory = temporaryDirectory('tls');
afterAll(() => fs.rmSync(directory, { recursive: true }));

test('public authorities are those of Node.js, and none are trusted in clear text', () => {
  expect(trustedAuthorities({ mode: 'public' })!.split('BEGIN CERTIFICATE').length).toBeGreaterThan(100);
  expect(writeTrust({ mode: 'off', reason: 'in one machine' }, directory)).toBeUndefined();
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('tools get the authority as a file that only the program may read', () => {
  const trust = writeTrust({ mode: 'certificate-authority', pem: PEM }, directory)!;
  expect(fs.readFileSync(trust.file, 'utf8')).toBe(PEM);
  expect(trust.pem).toBe(PEM);
  expect(fs.statSync(trust.file).mode & 0o777).toBe(0o600);
});
