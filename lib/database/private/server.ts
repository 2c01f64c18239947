import { isIPv6 } from 'node:net';
import { Annotations, Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import { dumpArgumentFault } from '../../../engines/dump-arguments';
import { engineFacts, engines, serverFacts } from '../../../engines/facts';
import type { SchemaOptions, ServerProps } from '../database-options';
import { DatabaseTls } from '../database-tls';
import type { BoundDatabase, DatabaseContext } from './bound-database';
import { fault, requireProps, requireRange, requireValue } from '../../private/fault';
import { isUnknown } from '../../private/lookup';
import { SecretValue, requireFindable, requireKeys } from './secret-value';

/** A server, of whatever engine, and wherever its properties come from. */
export interface Server extends ServerProps, SchemaOptions {
  readonly engine: string;
  readonly version: string;
  readonly allowTo?: ec2.IConnectable;
  readonly needs?: BoundDatabase['needs'];
  readonly writer?: BoundDatabase['writer'];
}

/** Checks a server and turns it into what the task needs. */
export function bindServer(scope: IConstruct, server: Server, context: DatabaseContext): BoundDatabase {
  const { engine, version, host, secret, usernameKey = 'username', passwordKey = 'password', securityGroups } = server;
  requireProps(scope, server, { engine: true, version: true, host: true, secret: true });
  requireFindable(scope, secret);
  requireVersion(scope, engine, version, context);
  requireLists(scope, server);
  requireDumpArguments(scope, server);
  requireRange(scope, 'port', server.port, { from: 1, to: 65_535 });
  if (host === '') fault(scope, 'host must be a host name or an address, got: an empty text');
  if (!isUnknown(host) && !isIPv6(host) && /[\s:/]/.test(host)) {
    fault(
      scope,
      `host must be a host name or an address, got: ${JSON.stringify(host)}: leave out scheme, port and path`,
    );
  }
  requireKeys(scope, [usernameKey, passwordKey]);
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
    writer: server.writer,
  };
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
