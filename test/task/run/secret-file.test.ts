import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { ENV } from '../../../catalog/contract/task';
import { withSecretFile } from '../../../task/run/secret-file';

const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'secret-')), 'secret');
const keys = { [ENV.username]: 'user', [ENV.password]: 'pass' };
const environment = (content: string): NodeJS.ProcessEnv => {
  fs.writeFileSync(file, content);
  return { PATH: '/bin', [ENV.secretFile]: JSON.stringify({ file, keys }) };
};
const thrown = (env: NodeJS.ProcessEnv): string => {
  try {
    withSecretFile(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

test('an environment without one stays as it is', () => {
  const env = { PATH: '/bin' };
  expect(withSecretFile(env)).toBe(env);
});

test('values come from the file, as ECS would inject them', () => {
  expect(withSecretFile(environment('{"user":"backup","pass":"p\\"a","other":1}\n'))).toEqual({
    PATH: '/bin',
    [ENV.username]: 'backup',
    [ENV.password]: 'p"a',
  });
  expect(withSecretFile(environment('{"user":"backup","pass":123}'))).toMatchObject({ [ENV.password]: '123' });
});

test('a key that the secret lacks is a variable that is not set', () => {
  expect(withSecretFile(environment('{"user":"backup"}'))).toEqual({ PATH: '/bin', [ENV.username]: 'backup' });
});

test.each(['hunter2', '["hunter2"]', '"hunter2"', ''])('%j is no secret, and is not shown', (content) => {
  const sentence = thrown(environment(content));
  expect(sentence).toBe('the secret is not a JSON object: store user and password in it as a JSON object');
});

test('a file that is not there, and a variable that does not fit', () => {
  expect(thrown({ [ENV.secretFile]: JSON.stringify({ file: '/no/secret', keys }) })).toMatch(
    /^the secret cannot be read: .*ENOENT/,
  );
  expect(thrown({ [ENV.secretFile]: '{"file":"relative"}' })).toBe(
    'environment variable DATABASE_SECRET_FILE does not fit: deploy the stack again, which writes it',
  );
});
