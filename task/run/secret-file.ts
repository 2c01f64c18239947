import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { ENV } from '../../catalog/contract/task';
import { errorText } from './errors';
import { fault } from './credentials';

const schema = z.strictObject({ file: z.string().startsWith('/'), keys: z.record(z.string(), z.string()) });
const secret = z.record(z.string(), z.unknown());

/**
 * The environment, with the values of a secret that the host of the container gives as a file: where ECS would inject them. In a
 * container's environment, every user of Docker on the host could read them.
 *
 * @throws BackupError `configuration`, without a part of the secret
 */
export function withSecretFile(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { [ENV.secretFile]: text, ...others } = env;
  if (text === undefined) return env;
  const { file, keys } = readAs(text, schema, () =>
    fault(
      'variable-invalid',
      ENV.secretFile,
      `environment variable ${ENV.secretFile} does not fit: deploy the stack again, which writes it`,
    ),
  );
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw fault(
      'variable-invalid',
      ENV.secretFile,
      `the secret cannot be read: ${errorText(error)}: run this program through the document of cdk-proven-backups`,
    );
  }
  const values = readAs(content, secret, () =>
    fault(
      'variable-invalid',
      ENV.secretFile,
      'the secret is not a JSON object: store user and password in it as a JSON object',
    ),
  );
  const found = Object.entries(keys).flatMap(([name, key]): [string, string][] => {
    const value = values[key];
    return value === undefined ? [] : [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
  return { ...others, ...Object.fromEntries(found) };
}

/** The words of a parser would show a part of the text. */
function readAs<T>(text: string, schema: z.ZodType<T>, refusal: () => Error): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw refusal();
  }
}
