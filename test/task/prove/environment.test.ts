import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AwsCredentialIdentity } from '@aws-sdk/types';
import { credentialsOf } from '../../../task/prove/environment';

type Provider = () => Promise<AwsCredentialIdentity>;

test('credentials that were in the environment', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  expect(credentialsOf(keys)).toEqual({ accessKeyId: 'a', secretAccessKey: 'b' });
  expect(credentialsOf({ ...keys, AWS_SESSION_TOKEN: 'c' })).toMatchObject({ sessionToken: 'c' });
});

test('the address of the credentials of a task, with its token', async () => {
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  const server = createServer(({ url, headers }, answer) => {
    const isRight = url === '/role' && headers.authorization === 'token';
    answer.writeHead(isRight ? 200 : 400);
    answer.end(JSON.stringify({ AccessKeyId: 'a', SecretAccessKey: 'b', Token: 'c', Expiration }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const provider = credentialsOf({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}/role`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
    }) as Provider;
    expect(await provider()).toMatchObject({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('without any, the SDK looks in its own way: a profile', () => expect(credentialsOf({})).toBeUndefined());
