import type { CommonReason } from '../../catalog/contract/failure';
import { ENV, type TlsJob } from '../../catalog/contract/task';
import type { ServerUri } from '../../engines/engine-facts';
import { serverFacts } from '../../engines/facts';
import { BackupError, errorText } from './errors';

/** User and password of the database. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What is wrong with an environment variable. */
export const fault = (kind: CommonReason, variable: string, message: string): BackupError =>
  new BackupError('configuration', message, { kind, object: variable });

/**
 * Reads user and password of the database.
 *
 * @throws BackupError `configuration`, naming the variable
 */
export function readCredentials(env: NodeJS.ProcessEnv): Credentials {
  const read = (variable: string) => {
    const value = env[variable];
    if (value === undefined || value === '')
      throw fault(
        'variable-invalid',
        variable,
        `environment variable ${variable} is ${value === '' ? 'empty' : 'not set'}: the secret must hold the key that the task definition names for it`,
      );
    if (/[\r\n\0]/.test(value))
      throw fault(
        'variable-invalid',
        variable,
        `environment variable ${variable} holds a line break, which no option file can carry: store the value without it`,
      );
    return value;
  };
  return { username: read(ENV.username), password: read(ENV.password) };
}

/**
 * Reads the connection string that is there in place of user and password.
 *
 * @throws BackupError `configuration`, without a part of it that could be a secret
 */
export function readServerUri(engine: string, text: string, tls: TlsJob | undefined): ServerUri {
  try {
    const { readUri } = serverFacts(engine);
    if (!readUri) throw new Error(`a connection string is not for ${engine}`);
    const uri = readUri(text);
    if (uri.tls !== undefined && tls && uri.tls !== (tls.mode !== 'off'))
      throw new Error(
        `the connection string asks for ${uri.tls ? 'TLS' : 'clear text'}, and tls of the database for ${uri.tls ? 'clear text' : 'TLS'}: change one of them`,
      );
    return uri;
  } catch (error) {
    throw fault('variable-invalid', ENV.uri, `environment variable ${ENV.uri} does not fit: ${errorText(error)}`);
  }
}
