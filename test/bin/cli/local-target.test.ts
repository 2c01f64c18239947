import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileTarget, serverTarget } from '../../../bin/cli/restore/local-target';
import { PASSWORD_VARIABLE, passwordOf } from '../../../bin/cli/restore/local-password';
import { UsageError } from '../../../bin/cli/errors';
import { temporaryDirectory } from '../../support/processes';
import { captured, isolateEnvironment } from './cli-support';

isolateEnvironment();

let folder: string;
beforeAll(() => void (folder = temporaryDirectory('target')));
afterAll(() => fs.rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const name = path.join(folder, 'file');
  fs.writeFileSync(name, text);
  return name;
};

describe('--to', () => {
  test.each<[string, string, object]>([
    ['mariadb', 'mysql://root@db.example.com', { host: 'db.example.com', port: 3306, tls: { mode: 'public' } }],
    ['mysql', 'mysql://a%40b@10.0.0.1:3310/', { host: '10.0.0.1', port: 3310, tls: { mode: 'public' } }],
    ['mongodb', 'mongodb://root@db:27018', { host: 'db', port: 27_018, tls: { mode: 'public' } }],
    ['postgresql', 'postgres://admin@[::1]:5433', { host: '::1', port: 5433, tls: { mode: 'public' } }],
    [
      'postgresql',
      'postgresql://admin@shop.abc.eu-west-1.rds.amazonaws.com',
      { host: 'shop.abc.eu-west-1.rds.amazonaws.com', port: 5432, tls: { mode: 'amazon-rds' } },
    ],
  ])('is a server of %s: %s', (engine, to, server) => {
    expect(serverTarget(engine, { to, tls: true }).server).toEqual(server);
  });

  test('names the user', () => {
    expect(serverTarget('mysql', { to: 'mysql://a%40b@db', tls: true }).username).toBe('a@b');
  });

  test.each([
    [
      'mysql',
      'postgresql://a@b',
      /must be the URL of a server of MySQL, such as mysql:\/\/user@host:3306, got one of po/,
    ],
    ['mysql', 'db.example.com', /must be the URL of a server of MySQL, such as mysql:\/\/user@host:3306$/],
    ['mysql', 'mysql://db', /must name a user and a host/],
    [
      'mysql',
      'mysql://a@db/shop',
      /must end with the port, .* the databases have the names of the backup, or that of --as/,
    ],
    ['postgresql', 'postgresql://a:hunter2@db', /must not hold a password, because others see the command line/],
    ['mysql', 'not a url:hunter2@db', /must be the URL/],
    ['mysql', 'mysql://50%off@db', /must have %25 for each %/],
  ])('of %s is not %s', (engine, to, sentence) => {
    const act = () => serverTarget(engine, { to, tls: true });
    expect(act).toThrow(UsageError);
    expect(act).toThrow(sentence);
    expect(act).not.toThrow(/hunter2/);
  });

  test('is a path for a file', () => {
    expect(fileTarget({ to: 'shop.db', tls: true })).toBe(path.resolve('shop.db'));
    expect(() => fileTarget({ to: 'mysql://a@b', tls: true })).toThrow(/must be the path of a file/);
    expect(() => fileTarget({ to: 'shop.db', tls: false })).toThrow(/--ca and --no-tls are about a server/);
  });
});

describe('TLS', () => {
  const tls = (host: string, options: object) =>
    serverTarget('mysql', { to: `mysql://a@${host}`, tls: true, ...options }).server.tls;

  test.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])('is off on this machine on request: %s', (host) => {
    expect(tls(host, { tls: false })).toEqual({ mode: 'off', reason: 'the server is on this machine' });
  });

  test('is off elsewhere for a reason only', () => {
    expect(tls('10.0.0.1', { tls: 'inside of a VPN' })).toEqual({ mode: 'off', reason: 'inside of a VPN' });
    for (const host of ['10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com'])
      expect(() => tls(host, { tls: false })).toThrow(/sends the password and all data in clear text to/);
  });

  test('trusts the authority that is given', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
    expect(tls('db', { ca: file(pem) })).toEqual({ mode: 'certificate-authority', pem });
    expect(() => tls('db', { ca: file('x') })).toThrow(/holds no BEGIN CERTIFICATE/);
    expect(() => tls('db', { ca: '/nowhere' })).toThrow(/--ca must be a file that can be read: ENOENT/);
    expect(() => tls('db', { ca: file(pem), tls: false })).toThrow(/--ca and --no-tls cannot be given together/);
  });
});

describe('the password', () => {
  const target = serverTarget('mysql', { to: 'mysql://root@db:3307', tls: true });
  const passwordIn = (text: string) => passwordOf(target, file(text), captured());

  test.each([
    ['[client]\nuser=root\npassword=secret\n', 'secret'],
    ['[mysqld]\npassword=other\n[client]\npassword = "pass \\"word\\" # 1" # mine\n', 'pass "word" # 1'],
    ["[client]\npassword='a\\\\b\\sc'\n", 'a\\b c'],
    ['[client]\r\npassword=ab # c\r\n', 'ab'],
    ['[client]\npassword=first\npassword=last', 'last'],
    ['# host:port\nother:*:*:*:no\ndb:3307:*:root:p\\:a\\\\ss\n', 'p:a\\ss'],
    ['*:*:shop:root:of:all', 'of:all'],
  ])('of %j is %s', async (text, password) => {
    expect(await passwordIn(text)).toBe(password);
  });

  test.each(['[client]\nuser=root\n', '[mysqldump]\npassword=x\n', 'db:3306:*:root:wrong port\n', ''])(
    'is not in %j',
    async (text) => {
      await expect(passwordIn(text)).rejects.toThrow(
        /has no password for root at db:3307: it must have a group \[client\]/,
      );
    },
  );

  test('is that of the environment, or has to be typed', async () => {
    await expect(passwordOf(target, '/nowhere', captured())).rejects.toThrow(
      /--option-file must be a file that can be read/,
    );
    await expect(passwordOf(target, undefined, captured())).rejects.toThrow(
      /no password for root at db:3307: set PROVEN_BACKUPS_PASSWORD, or give --option-file/,
    );
    process.env[PASSWORD_VARIABLE] = 'of the environment';
    expect(await passwordOf(target, undefined, captured())).toBe('of the environment');
  });
});
