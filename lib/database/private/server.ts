import { isIPv6 } from 'node:net';
import { Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { dumpArgumentFault } from '../../../engines/dump-arguments';
import { engineFacts, engines, serverFacts } from '../../../engines/facts';
import type { PostgresqlOptions } from '../database';
import { DatabaseTls } from '../database-tls';
import type { BoundDatabase } from './bound-database';
import { fault, requireRange, requireValue } from '../../private/fault';
import { SecretValue } from './secret-value';

/** A server, however the user named it. */
export interface Server extends PostgresqlOptions {
  readonly engine: string;
  readonly version: string;
  readonly host: string;
  readonly port?: number;
  readonly secret: secretsmanager.ISecret;
  readonly allowTo?: ec2.IConnectable;
  readonly needs?: BoundDatabase['needs'];
}

/** Checks a server and turns it into what the task needs. */
export function bindServer(scope: IConstruct, server: Server): BoundDatabase {
  const { engine, version, host, secret, usernameKey = 'username', passwordKey = 'password', securityGroups } = server;
  requireVersion(scope, engine, version);
  requireLists(scope, server);
  requireDumpArguments(scope, server);
  requireRange(scope, 'port', server.port, { from: 1, to: 65_535 });
  if (host === '') fault(scope, 'host must be a host name or an address, got: an empty text');
  if (!Token.isUnresolved(host) && !isIPv6(host) && /[\s:/]/.test(host)) {
    fault(
      scope,
      `host must be a host name or an address, got: ${JSON.stringify(host)}: leave out scheme, port and path`,
    );
  }
  if (secret === undefined) {
    fault(scope, 'secret must be a Secrets Manager secret with the user name and the password, got: none');
  }
  if (usernameKey === '' || passwordKey === '') {
    fault(scope, 'usernameKey and passwordKey must be keys of the JSON in the secret, got: an empty text');
  }
  const colon = [usernameKey, passwordKey].find((key) => !Token.isUnresolved(key) && key.includes(':'));
  if (colon !== undefined) {
    fault(
      scope,
      `usernameKey and passwordKey must be without a colon, which ends a key for ECS, got: "${colon}": rename it`,
    );
  }
  if (securityGroups !== undefined && (securityGroups.length < 1 || securityGroups.length > 5)) {
    fault(scope, `securityGroups must be 1 to 5, got: ${securityGroups.length}: leave them out to have one created`);
  }
  return {
    engine,
    engineVersion: version,
    server: {
      host,
      port: server.port ?? serverFacts(engine).defaultPort,
      tls: (server.tls ?? DatabaseTls.publicAuthorities())._render(scope),
      databases: server.databases,
      excludeDatabases: server.excludeDatabases,
      schemas: server.schemas,
      excludeSchemas: server.excludeSchemas,
      extraDumpArguments: server.extraDumpArguments,
    },
    username: new SecretValue(secret, usernameKey),
    password: new SecretValue(secret, passwordKey),
    securityGroups,
    allowTo: securityGroups === undefined ? server.allowTo : undefined,
    needs: server.needs,
  };
}

function requireVersion(scope: IConstruct, engine: string, version: string): void {
  const { title, versions } = engineFacts(engine);
  requireValue(scope, `${title} version`, version);
  if (!versions.includes(version)) {
    const got = JSON.stringify(version);
    fault(
      scope,
      `${title} version must be one of ${versions.join(', ')}, got: ${got}: give the version that the server runs`,
    );
  }
}

function requireDumpArguments(scope: IConstruct, { engine, extraDumpArguments = [] }: Server): void {
  if (Token.isUnresolved(extraDumpArguments)) return;
  const known = extraDumpArguments.filter((argument) => !Token.isUnresolved(argument));
  const wrong = dumpArgumentFault(serverFacts(engine).dumpTool, known);
  if (wrong !== undefined) fault(scope, wrong);
}

function requireLists(scope: IConstruct, server: Server): void {
  for (const [include, exclude, what] of [
    ['databases', 'excludeDatabases', 'database'],
    ['schemas', 'excludeSchemas', 'schema'],
  ] as const) {
    const [included, excluded] = [server[include], server[exclude]];
    for (const [name, list] of [
      [include, included],
      [exclude, excluded],
    ] as const) {
      if (list === undefined || Token.isUnresolved(list)) continue;
      if (list.length === 0) {
        fault(
          scope,
          `${name} must name at least one ${what}, got: an empty list: leave it out to back up every ${what}`,
        );
      }
      if (list.includes('')) fault(scope, `${name} must hold names, got: an empty text`);
    }
    if (included !== undefined && excluded !== undefined) {
      fault(scope, `${include} and ${exclude} cannot be given together: name what to back up, or what to leave out`);
    }
  }
  if (!serverFacts(server.engine).hasSchemas && (server.schemas ?? server.excludeSchemas) !== undefined) {
    const { title } = engineFacts(server.engine);
    const others = [...engines().values()].filter((engine) => engine.server?.hasSchemas);
    fault(
      scope,
      `schemas and excludeSchemas are for ${others.map((engine) => engine.title).join(', ')} only, got: ${title}: use databases and excludeDatabases`,
    );
  }
}
