import { Annotations, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ENV } from '../../../catalog/contract/task';
import { dumpArgumentFault } from '../../../engines/dump-arguments';
import { SERVER_OPTIONS } from '../../../engines/engine-facts';
import { engineFacts, engines, serverFacts } from '../../../engines/facts';
import { DatabaseTls } from '../database-tls';
import { addressOf, type Server } from './address';
import type { BoundDatabase, DatabaseContext } from './bound-database';
import { fault, requireProps, requireValue } from '../../private/fault';
import { isUnknown } from '../../private/lookup';
import { SecretValue, requireFindable, requireKeys } from './secret-value';

/** Checks a server and turns it into what the task needs. */
export function bindServer(scope: IConstruct, server: Server, context: DatabaseContext): BoundDatabase {
  const { engine, version, secret, securityGroups } = server;
  requireProps(scope, server, { engine: true, version: true, secret: true });
  requireFindable(scope, secret);
  requireVersion(scope, engine, version, context);
  requireLists(scope, server);
  requireDumpArguments(scope, server);
  requireOptions(scope, server);
  const address = addressOf(scope, server);
  if (securityGroups !== undefined && (securityGroups.length < 1 || securityGroups.length > 5)) {
    fault(scope, `securityGroups must be 1 to 5, got: ${securityGroups.length}: leave them out to have one created`);
  }
  return {
    engine,
    engineVersion: version,
    server: {
      ...address,
      tls: (server.tls ?? DatabaseTls.publicAuthorities())._render(scope),
      databases: server.databases,
      excludeDatabases: server.excludeDatabases,
      schemas: server.schemas,
      excludeSchemas: server.excludeSchemas,
      excludeCollections: server.excludeCollections,
      replicaSet: server.replicaSet,
      authSource: server.authSource,
      readPreference: server.readPreference,
      extraDumpArguments: server.extraDumpArguments,
    },
    secrets: secretsOf(scope, server),
    securityGroups,
    allowTo: securityGroups === undefined ? server.allowTo : undefined,
    needs: server.needs,
    writer: server.writer,
  };
}

function secretsOf(scope: IConstruct, server: Server): NonNullable<BoundDatabase['secrets']> {
  const { secret, uriKey, usernameKey = 'username', passwordKey = 'password' } = server;
  if (uriKey === undefined) {
    requireKeys(scope, { usernameKey, passwordKey });
    return {
      [ENV.username]: new SecretValue(secret, usernameKey),
      [ENV.password]: new SecretValue(secret, passwordKey),
    };
  }
  const other = ['usernameKey', 'passwordKey'].filter((name) => server[name as 'usernameKey'] !== undefined);
  if (other.length > 0) {
    fault(scope, `${other.join(', ')} must be left out with uriKey, got: both: the connection string has them`);
  }
  requireKeys(scope, { uriKey });
  return { [ENV.uri]: new SecretValue(secret, uriKey) };
}

/** Refuses options that the engine does not have. */
function requireOptions(scope: IConstruct, server: Server): void {
  const { options: own = [] } = serverFacts(server.engine);
  const wrong = SERVER_OPTIONS.find((option) => server[option] !== undefined && !own.includes(option));
  if (wrong === undefined) return;
  const others = [...engines().values()].filter((engine) => engine.server?.options?.includes(wrong));
  fault(
    scope,
    `${wrong} is for ${others.map(({ title }) => title).join(', ')} only, got: ${engineFacts(server.engine).title}: leave it out`,
  );
}

/** Unknown versions need an image of the user's, which has their tools. */
function requireVersion(scope: IConstruct, engine: string, version: string, { ownImage }: DatabaseContext): void {
  const { title, versions } = engineFacts(engine);
  requireValue(scope, `${title} version`, version);
  if (versions.includes(version) || isUnknown(version)) return;
  const known = versions.join(', ');
  const rule = `${title} version must be one of ${known}, got: ${JSON.stringify(version)}`;
  const minor = versions.find((one) => version.startsWith(`${one}.`));
  if (minor !== undefined) fault(scope, `${rule}: leave out the patch level: ${minor}`);
  if (!ownImage) {
    fault(
      scope,
      `${rule}: give the version that the server runs; if it is a newer one, give image, with the tools of that version in it`,
    );
  }
  Annotations.of(scope).addWarningV2(
    'proven-backups:unknownEngineVersion',
    `${title} ${version} is not one of the versions that this release is tested with, ${known}: restore a backup by hand before you rely on it`,
  );
}

function requireDumpArguments(scope: IConstruct, { engine, extraDumpArguments = [] }: Server): void {
  if (Token.isUnresolved(extraDumpArguments)) return;
  const known = extraDumpArguments.filter((argument) => !isUnknown(argument));
  const wrong = dumpArgumentFault(serverFacts(engine).dumpTool, known);
  if (wrong !== undefined) fault(scope, wrong);
}

function requireLists(scope: IConstruct, server: Server): void {
  for (const [include, exclude, what] of [
    ['databases', 'excludeDatabases', 'database'],
    ['schemas', 'excludeSchemas', 'schema'],
  ] as const) {
    const [included, excluded] = [server[include], server[exclude]];
    requireNames(scope, include, included, what);
    requireNames(scope, exclude, excluded, what);
    if (included !== undefined && excluded !== undefined) {
      fault(scope, `${include} and ${exclude} cannot be given together: name what to back up, or what to leave out`);
    }
  }
  const { excludeCollections } = server;
  requireNames(scope, 'excludeCollections', excludeCollections, 'collection');
  const wrong = excludeCollections?.find((name) => !isUnknown(name) && !/^[^.]+\../.test(name));
  if (wrong === undefined) return;
  fault(
    scope,
    `excludeCollections must name collections with their databases, got: ${JSON.stringify(wrong)}: write it as shop.sessions`,
  );
}

function requireNames(scope: IConstruct, name: string, list: readonly string[] | undefined, what: string): void {
  if (list === undefined || Token.isUnresolved(list)) return;
  if (list.length === 0) {
    fault(scope, `${name} must name at least one ${what}, got: an empty list: leave it out to back up every ${what}`);
  }
  if (list.includes('')) fault(scope, `${name} must hold names, got: an empty text`);
}
