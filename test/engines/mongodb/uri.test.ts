import { connectToMember, mongodbUri } from '../../../engines/mongodb/connection';
import { readUri } from '../../../engines/mongodb/uri';

const credentials = { username: 'backup', password: 'secret' };

test.each([
  ['mongodb://backup:secret@db.internal', { address: { host: 'db.internal', port: 27_017 }, credentials }],
  [
    'mongodb+srv://b%40ckup:p%3A%2F%25@cluster0.abcde.mongodb.net/?retryWrites=true&w=majority&appName=Cluster0',
    {
      address: { host: 'cluster0.abcde.mongodb.net', port: 27_017, srv: true },
      credentials: { username: 'b@ckup', password: 'p:/%' },
      tls: true,
    },
  ],
  [
    'mongodb://backup:secret@a:1,[::1]:2,c/shop?replicaSet=rs0&readPreference=secondary&TLS=false\n',
    {
      address: {
        ...{ host: 'a', port: 1, replicaSet: 'rs0', authSource: 'shop', readPreference: 'secondary' },
        members: [
          { host: '::1', port: 2 },
          { host: 'c', port: 27_017 },
        ],
      },
      credentials,
      tls: false,
    },
  ],
  [
    'mongodb://backup:secret@a/shop?authSource=admin&ssl=true',
    { address: { host: 'a', port: 27_017, authSource: 'admin' }, credentials, tls: true },
  ],
  [
    'mongodb+srv://backup:secret@set.example.net/shop?maxPoolSize=5&authMechanism=SCRAM-SHA-1&replicaSet=a+b',
    {
      address: { host: 'set.example.net', port: 27_017, srv: true, defaultAuthSource: 'shop', replicaSet: 'a+b' },
      ...{ credentials, tls: true },
    },
  ],
  [
    'mongodb+srv://backup:secret@set.example.net/shop?authSource=users&tls=false',
    { address: { host: 'set.example.net', port: 27_017, srv: true, authSource: 'users' }, credentials, tls: false },
  ],
  ['mongodb://backup:secret@a/?directConnection=true', { address: { host: 'a', port: 27_017 }, credentials }],
])('%s is read', (uri, expected) => {
  expect(readUri(uri)).toEqual(expected);
});

test.each([
  ['postgresql://backup:secret@db', 'the connection string does not begin with mongodb:// or mongodb+srv://'],
  ['mongodb://db.internal', 'the connection string has no user name, or no password'],
  ['mongodb://backup@db.internal', 'has no user name, or no password'],
  ['mongodb://backup:sec:ret@db', 'has a password with a colon in it, which must be %3A'],
  ['mongodb://backup:sec%ret@db', 'has a % that stands for itself, which must be %25'],
  ['mongodb+srv://backup:secret@a,b', 'must name one host after mongodb+srv://'],
  ['mongodb://backup:secret@a:b:c', 'has a host that is neither a name nor an address with a port'],
  ['mongodb://backup:secret@a/?tlsCAFile=a', 'has the option tlsCAFile, which backups do not support'],
  ['mongodb://backup:secret@a/?readPreference=last', 'has a readPreference that is not one of primary, '],
  ['mongodb://backup:secret@a,b/?directConnection=true', 'has directConnection with several members, replicaSet or'],
  ['mongodb://backup:secret@a/?replicaSet=r&directConnection=true', 'has directConnection with several members'],
  ['mongodb+srv://backup:secret@a/?directConnection=true', 'has directConnection with several members'],
  ['mongodb://backup:secret@a/?directConnection=1', 'has the option directConnection, which must be true or false'],
  ['mongodb://backup:secret@a/?tls=TRUE', 'has the option tls, which must be true or false'],
  ['mongodb://backup:secret@a/?tls=true&ssl=false', 'has tls and ssl, which disagree'],
  ['mongodb://backup:secret@a/?authMechanism=MONGODB-AWS', 'has an authMechanism other than SCRAM-SHA-1 and'],
  ['mongodb://backup:secret@a/?maxStalenessSeconds=90', 'has the option maxStalenessSeconds, which backups do not'],
])('%s is refused, and no secret told', (uri, sentence) => {
  const read = () => readUri(uri);
  expect(read).toThrow(sentence);
  expect(read).not.toThrow(/sec(?!ond)|ret@/);
});

const access = (changes: object) => ({
  server: { host: 'a.internal', port: 27_017, tls: { mode: 'off', reason: 'a test' } as const, ...changes },
  credentials: { username: 'b@ckup', password: 'secret' },
});
const options = (uri: string) => Object.fromEntries(new URL(uri.replace(/\/\/.*\//, '//x/')).searchParams);

test('a host alone is connected to directly, by the user of the database admin', () => {
  const uri = mongodbUri(access({}), undefined);
  expect(uri).toMatch(/^mongodb:\/\/b%40ckup@a\.internal:27017\/\?/);
  expect(options(uri)).toMatchObject({
    ...{ authSource: 'admin', directConnection: 'true', tls: 'false', readPreference: 'secondaryPreferred' },
    // DocumentDB takes no others.
    retryWrites: 'false',
  });
  // A member that is named is read, however far it is behind.
  expect(options(uri)).not.toHaveProperty('maxStalenessSeconds');
  expect(uri).not.toContain('secret');
});

test('an address that is none is a failure to connect, with a sentence', async () => {
  await expect(connectToMember(access({ host: 'db:27018' }), undefined)).rejects.toMatchObject({
    exit: 'connection',
    message: expect.stringMatching(
      /^could not connect to db:27018:27017: .*db:27018:27017.* \(check host, port, security groups and the secret\)$/,
    ) as string,
  });
});

test('members of a set are found, of a record too, and one of them can be chosen', () => {
  const members = [{ host: '::1', port: 27_018 }];
  const set = access({ members, replicaSet: 'rs 0', authSource: 'shop', readPreference: 'secondary' });
  const uri = mongodbUri(set, { pem: '', file: '/scratch/c a.pem' });
  expect(uri).toMatch(/^mongodb:\/\/b%40ckup@a\.internal:27017,\[::1\]:27018\/\?/);
  expect(options(uri)).toMatchObject({
    ...{ authSource: 'shop', replicaSet: 'rs 0', tls: 'true', tlsCAFile: '/scratch/c a.pem' },
    ...{ readPreference: 'secondary', maxStalenessSeconds: '3600', retryWrites: 'false' },
  });
  expect(options(mongodbUri(access({ replicaSet: 'rs0', readPreference: 'primary' }), undefined))).not.toHaveProperty(
    'maxStalenessSeconds',
  );
  expect(options(uri)).not.toHaveProperty('directConnection');
  const srv = access({ srv: true });
  expect(mongodbUri(srv, undefined)).toMatch(/^mongodb\+srv:\/\/b%40ckup@a\.internal\/\?/);
  // DNS may say in which database users are.
  expect(options(mongodbUri(srv, undefined))).not.toHaveProperty('authSource');
  const path = mongodbUri(access({ srv: true, defaultAuthSource: 'a b' }), undefined);
  expect(path).toMatch(/^mongodb\+srv:\/\/b%40ckup@a\.internal\/a%20b\?/);
  expect(options(mongodbUri(access({ srv: true, authSource: 'shop' }), undefined)).authSource).toBe('shop');
  const one = mongodbUri(srv, undefined, { host: 'b', port: 1 });
  expect(one).toMatch(/^mongodb:\/\/b%40ckup@b:1\//);
  expect(options(one)).toMatchObject({ directConnection: 'true' });
});

test('a throw-away server is a socket without users', () => {
  const server = { ...access({}).server, host: '/tmp/x/mongodb-1.sock' };
  const uri = mongodbUri({ server, credentials: { username: '', password: '' } }, undefined);
  expect(uri).toMatch(/^mongodb:\/\/%2Ftmp%2Fx%2Fmongodb-1\.sock\/\?/);
  expect(options(uri)).not.toHaveProperty('authSource');
});
