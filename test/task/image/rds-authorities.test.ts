import { execFile } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as https from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { Authority } from '../../servers/tls';
import { freePort, temporaryDirectory } from '../../support/processes';

const DIST = path.resolve(__dirname, '../../../dist/task');
const SHIPPED = fs.readFileSync(path.join(DIST, 'rds-ca.pem'), 'utf8');
const directory = temporaryDirectory('rds-authorities');
afterAll(() => fs.rmSync(directory, { recursive: true }));

let authority: Authority;
let server: https.Server;
let answer: RequestListener;
let leaf: string;

beforeAll(async () => {
  authority = await Authority.create(directory);
  const { keyFile, certificateFile } = await authority.issue('localhost');
  const files = { key: fs.readFileSync(keyFile), cert: fs.readFileSync(certificateFile) };
  leaf = files.cert.toString();
  server = https.createServer(files, (request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Runs the step of the image's build as the Dockerfile does. */
async function step(environment: Record<string, string> = { NODE_EXTRA_CA_CERTS: authority.file }, port?: number) {
  const file = path.join(directory, 'rds-ca.pem');
  fs.writeFileSync(file, SHIPPED);
  const url = `https://localhost:${port ?? (server.address() as AddressInfo).port}/global/global-bundle.pem`;
  const env = { NODE_USE_ENV_PROXY: '1', ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(DIST, 'rds-authorities.js'), file, url], {
    env,
  });
  return {
    said: stdout.trim().replace('cdk-proven-backups: certificate authorities of RDS: ', ''),
    url,
    bundle: fs.readFileSync(file, 'utf8'),
  };
}

test('adds what AWS publishes to what ships', async () => {
  answer = (request, response) =>
    response.end(request.url === '/global/global-bundle.pem' ? `${authority.pem}${authority.pem}` : '');
  const { said, url, bundle } = await step();
  expect(said).toBe(`those of this package, and 2 from ${url}`);
  expect(bundle.startsWith(SHIPPED)).toBe(true);
  expect(bundle.match(/-----BEGIN/g)).toHaveLength(SHIPPED.match(/-----BEGIN/g)!.length + 2);
  expect(bundle).toContain(authority.pem.trim());
});

describe('leaves what ships as it is, and says why, where it', () => {
  const listens: Record<string, RequestListener> = {
    'has no such file': (_, response) => response.writeHead(403).end('<Error/>'),
    'is a page of a hotel': (_, response) => response.end('<html>Welcome</html>'),
    'has a certificate that is none of an authority': (_, response) => response.end(leaf),
    'has no certificate': (_, response) =>
      response.end('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'),
    'breaks off': (_, response) => {
      response.writeHead(200, { 'content-length': '100000' }).write(authority.pem);
      setTimeout(() => response.destroy(), 50);
    },
    'does not answer': () => undefined,
  };

  test.each(Object.entries(listens))('%s', async (_, listener) => {
    answer = listener;
    const { said, url, bundle } = await step();
    expect(said).toMatch(`those of this package only, because ${url} could not be used: `);
    expect(said.split('used: ')[1]).not.toBe('');
    expect(bundle).toBe(SHIPPED);
  });

  test('is a server of somebody else', async () => {
    answer = (_, response) => response.end(authority.pem);
    const { said, bundle } = await step({});
    expect(said).toMatch(/could not be used: .*certificate/);
    expect(bundle).toBe(SHIPPED);
  });

  test('is not there, or behind a proxy that is not', async () => {
    const port = await freePort();
    expect((await step({}, port)).said).toContain('ECONNREFUSED');
    const { said, bundle } = await step({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
    expect(said).toMatch(/^those of this package only/);
    expect(bundle).toBe(SHIPPED);
  });
});
