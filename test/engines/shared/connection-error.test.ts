import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import type { DumpJob, ServerJob } from '../../../catalog/contract/task';
import type { ServerContext } from '../../../engines/engine';
import { MYSQL_CAUSES, connectMysql } from '../../../engines/mysql/connection';
import { POSTGRESQL_CAUSES, PostgresqlSessions } from '../../../engines/postgresql/connection';
import { NETWORK_CAUSES, connectionError } from '../../../engines/shared/connection-error';
import { BackupError } from '../../../task/run/errors';
import { CapturedLog } from '../../support/captured-log';
import { freePort, temporaryDirectory } from '../../support/processes';

const SERVER = { host: 'db.internal', port: 3306 };

test.each([...Object.entries(NETWORK_CAUSES), ...Object.entries(MYSQL_CAUSES), ...Object.entries(POSTGRESQL_CAUSES)])(
  '%s has its reason and its advice',
  (code, { kind, advice }) => {
    const causes = { ...MYSQL_CAUSES, ...POSTGRESQL_CAUSES };
    const cause = Object.assign(new Error('it says why'), { code });
    const error = connectionError(SERVER, cause, causes, { account: 'backup' });
    expect(error.message).toBe(`could not connect to db.internal:3306: it says why (${advice})`);
    expect([error.exit, error.cause]).toEqual(['connection', cause]);
    expect(error.reason).toEqual({ kind, ...SERVER, account: 'backup', said: 'it says why' });
  },
);

test('the innermost code counts, and a text where the driver hides the code', () => {
  const inner = Object.assign(new Error('inner'), { code: 'CERT_HAS_EXPIRED' });
  const outer = Object.assign(new Error('outer', { cause: inner }), { code: 'ECONNRESET' });
  expect(connectionError(SERVER, outer, {}).reason.kind).toBe('certificate-expired');
  const hidden = Object.assign(new Error('self-signed certificate'), { code: 'HANDSHAKE_SSL_ERROR' });
  expect(connectionError(SERVER, hidden, {}).reason.kind).toBe('certificate-self-signed');
});

test('an error that is not known is told as it is', () => {
  const error = connectionError(SERVER, Object.assign(new Error('odd'), { code: 'constructor' }), {});
  expect(error.message).toMatch('odd (check host, port, security groups and the secret)');
  expect(error.reason.kind).toBe('other');
});

describe.each(['mysql', 'postgresql'] as const)('the driver of %s', (engine) => {
  const scratch = temporaryDirectory('connection');
  afterAll(() => fs.rmSync(scratch, { recursive: true }));

  async function reasonOf(server: Partial<ServerJob>, trust = false) {
    const job = { action: 'dump', source: 'shop', engine } as DumpJob;
    const context = {
      ...{ scratch, job, signal: new AbortController().signal, log: new CapturedLog().log },
      run: { job, trigger: 'on-demand' },
      credentials: { username: 'backup', password: 'x' },
      server: { host: '127.0.0.1', port: 1, tls: { mode: 'public' }, ...server },
    } as ServerContext;
    const authorities = trust ? { pem: '', file: '' } : undefined;
    const connecting =
      engine === 'mysql'
        ? connectMysql(context, authorities)
        : new PostgresqlSessions(context, authorities).connect('shop');
    const error = await connecting.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(BackupError);
    return (error as BackupError).reason;
  }

  test('finds that nothing listens', async () => {
    const port = await freePort();
    expect(await reasonOf({ port })).toMatchObject({
      ...{ kind: 'nothing-listens', host: '127.0.0.1', port, account: 'backup' },
      said: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('finds that there is no such host', async () => {
    expect(['host-unknown', 'name-server-silent']).toContain((await reasonOf({ host: 'db.invalid' })).kind);
  });

  test('finds that the server speaks something else', async () => {
    const server = net.createServer((socket) => socket.on('error', () => undefined).end('N')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const { kind, said } = await reasonOf({ port }, engine === 'postgresql');
    server.close();
    // A PostgreSQL server says N when it offers no TLS.
    expect(kind).toBe(engine === 'postgresql' ? 'tls-not-offered' : 'not-ready');
    expect(said).not.toBe('');
  });
});
