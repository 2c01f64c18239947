import { redact } from '../../catalog/redact';

// Made up, and in pieces: nothing that scans the repository shall take them for real.
const KEY_ID = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
const SECRET_KEY = ['wJalrXUtnFEMI', 'K7MDENG', 'bPxRfiCYEXAMPLEKEY'].join('/');
const TOKEN = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxIn0', 'c2lnbmF0dXJl'].join('.');

test.each([
  ['password=hunter2 host=db', 'hunter2', 'password=*** host=db'],
  ['mysqldump --password=hunter2 shop', 'hunter2', 'mysqldump --password=*** shop'],
  ["PGPASSWORD='hun ter2' pg_dump shop", 'ter2', 'PGPASSWORD=*** pg_dump shop'],
  ['PGPASSWORD=hunter2 pg_dump shop', 'hunter2', 'PGPASSWORD=*** pg_dump shop'],
  ['MYSQL_PWD = "hunter2" set', 'hunter2', 'MYSQL_PWD = *** set'],
  ['{"DATABASE_PASSWORD":"hun\\"ter2","port":3306}', 'ter2', '{"DATABASE_PASSWORD":***,"port":3306}'],
  ['{"text":"{\\"password\\":\\"hunter2\\",\\"a\\":1}"}', 'hunter2', '{"text":"{\\"password\\":***,\\"a\\":1}"}'],
  ["{ user: 'backup', 'password': 'hunter2' }", 'hunter2', "{ user: 'backup', 'password': *** }"],
  ['password: hunter2', 'hunter2', 'password: ***'],
  [
    "CREATE USER backup IDENTIFIED BY 'hunter2' REQUIRE SSL",
    'hunter2',
    "CREATE USER backup IDENTIFIED BY '***' REQUIRE SSL",
  ],
  ["identified with caching_sha2_password by 'it''s 1' x", 's 1', "identified with caching_sha2_password by '***' x"],
  ["IDENTIFIED BY 'hunter2", 'hunter2', "IDENTIFIED BY '***'"],
  [
    "ALTER ROLE backup WITH ENCRYPTED PASSWORD 'hunter2';",
    'hunter2',
    "ALTER ROLE backup WITH ENCRYPTED PASSWORD '***';",
  ],
  ['postgres://backup:hunter2@db:5432/shop', 'hunter2', 'postgres://backup:***@db:5432/shop'],
  ['mysql://backup:hun/ter:2@db/shop', 'ter', 'mysql://backup:***@db/shop'],
  [`credentials ${KEY_ID} are wrong`, KEY_ID, 'credentials *** are wrong'],
  [`used ${SECRET_KEY}.`, SECRET_KEY, 'used ***.'],
  [`aws_secret_access_key=${SECRET_KEY}`, SECRET_KEY, 'aws_secret_access_key=***'],
  [`{"SecretAccessKey":"${SECRET_KEY}"}`, SECRET_KEY, '{"SecretAccessKey":***}'],
  ['Authorization: Bearer abcdef0123456789', 'abcdef0123456789', 'Authorization: Bearer ***'],
  ['Authorization: Basic YmFja3VwOmh1bnRlcjI=', 'YmFja3VwOmh1bnRlcjI', 'Authorization: Basic ***'],
  ['sent Basic YmFja3VwOmh1bnRlcjI= to it', 'YmFja3Vw', 'sent Basic *** to it'],
  [`token ${TOKEN} expired`, TOKEN, 'token *** expired'],
  ['GET /?X-Amz-Signature=0123abcd&x=1', '0123abcd', 'GET /?X-Amz-Signature=***&x=1'],
  [
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\nnext',
    'MIIEow',
    '*** PRIVATE KEY ***\nnext',
  ],
  ['Invalid checksum in AGE-SECRET-KEY-1QQPQ, said age', 'QQPQ', 'Invalid checksum in ***, said age'],
  ['-----BEGIN PRIVATE KEY-----\nMIIEow', 'MIIEow', '*** PRIVATE KEY ***'],
  [`${'MIIEowIBAAKCAQEA'.repeat(3)}7bq9Zk3LpQ0xWv`, 'MIIEow', '***'],
])('hides the secret: %s', (text, secret, expected) => {
  expect(text).toContain(secret);
  expect(redact(text)).toBe(expected);
  expect(redact(expected)).toBe(expected);
});

test.each([
  "access denied for user 'backup'@'10.0.0.7' (using password: YES): give the password of this user in the secret",
  'the database refused the password of user backup: change it in the secret',
  'the secret lacks the key password: give it in passwordKey',
  'ERROR 1045 (28000): Access denied for user',
  'uploaded shop/2026-11-20T02-00-00Z/shop.sql.zst, 48211 bytes, to https://s3.eu-west-1.amazonaws.com/my-bucket',
  'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is not that of the manifest',
  'sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 is not that of the manifest',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-db-AbCdEf does not exist',
  'arn:aws:ecs:eu-west-1:123456789012:task/backups/0123456789abcdef0123456789abcdef stopped',
  'Basic authentication is not supported; the bearer of this token may dump',
  'GRANT SELECT, LOCK TABLES ON shop.* TO backup',
  'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/a:1',
])('leaves an ordinary sentence as it is: %s', (text) => {
  expect(redact(text)).toBe(text);
});

test('is quick with a line that is long and matches nearly', () => {
  const line = `${'password'.repeat(5_000)} ${'A1a/'.repeat(20_000)} ${"IDENTIFIED BY '".repeat(2_000)}`;
  // A regular expression that backtracks would take minutes, and fail by the time limit.
  expect(redact(line).length).toBeLessThanOrEqual(line.length);
});
