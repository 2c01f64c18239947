import * as fs from 'node:fs';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Emulator } from '../test/emulator/emulator';
import type { MongodbServer } from '../test/servers/mongodb';
import type { Server } from '../test/servers/start';
import { engineOf, numberOf } from '../test/servers/versions';
import type { Bookshop } from './bookshop';

/** The shop's database, who backs it up, and who restores it. */
export const NAME = 'bookshop';
export const USER = 'backup';
export const ADMIN = 'admin';
export const PASSWORD = 'only for the demo, and "quoted"';

/** The most common fault of all. */
export const passwordFault = (setPassword: (password: string) => Promise<unknown>) => ({
  fault: 'changing the password in the database, but not in the secret',
  repair: 'changing it back',
  breakIt: () => setPassword('another one'),
  repairIt: () => setPassword(PASSWORD),
});

/** Puts the accounts into Secrets Manager, and says where the server is. */
export async function describe(emulator: Emulator, server: Server | MongodbServer): Promise<Bookshop> {
  const secrets = new SecretsManagerClient(emulator.client);
  const keep = async (username: string): Promise<string> => {
    const SecretString = JSON.stringify({ username, password: PASSWORD });
    return (await secrets.send(new CreateSecretCommand({ Name: `${NAME}/${username}`, SecretString }))).ARN!;
  };
  const { host, port, version } = server;
  const certificateAuthority = fs.readFileSync(server.authority.file, 'utf8');
  return {
    engine: engineOf(version),
    version: numberOf(version),
    host,
    port,
    database: NAME,
    secretArn: await keep(USER),
    adminSecretArn: await keep(ADMIN),
    certificateAuthority,
  };
}
