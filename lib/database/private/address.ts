import { isIPv6 } from 'node:net';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import type { InDocument, Member, ServerAddress } from '../../../catalog/contract/task';
import { serverFacts } from '../../../engines/facts';
import { fault, requireGiven, requireRange } from '../../private/fault';
import { isUnknown } from '../../private/lookup';
import type { MongodbProps, SchemaOptions, ServerProps } from '../database-options';
import type { BoundDatabase } from './bound-database';

/** A server, of whatever engine, and wherever its properties come from. */
export interface Server
  extends
    Omit<ServerProps, 'host'>,
    SchemaOptions,
    Omit<MongodbProps, 'version' | keyof ServerProps>,
    Partial<Pick<ServerProps, 'host'>> {
  readonly engine: string;
  readonly version: string;
  readonly allowTo?: ec2.IConnectable;
  readonly needs?: BoundDatabase['needs'];
  readonly writer?: BoundDatabase['writer'];
}

/** Where a server is: each property is a way to say it. */
const WAYS = ['host', 'hosts', 'srv', 'uriKey'] as const;

/** Checks the address of a server, and turns it into that of the job; nothing of it is there if it is in the secret. */
export function addressOf(
  scope: IConstruct,
  server: Server,
): Pick<InDocument<ServerAddress>, 'host' | 'port' | 'members' | 'srv'> {
  const { options = [], defaultPort } = serverFacts(server.engine);
  const { host, hosts, srv, uriKey, port = defaultPort } = server;
  if (!options.includes('hosts')) requireGiven(scope, 'host', host);
  requireRange(scope, 'port', server.port, { from: 1, to: 65_535 });
  const given = WAYS.filter((way) => server[way] !== undefined);
  if (given.length !== 1) {
    fault(
      scope,
      `exactly one of ${WAYS.join(', ')} must be given, got: ${given.join(', ') || 'none'}: say in one way where the server is`,
    );
  }
  if (hosts !== undefined) {
    if (hosts.length === 0) fault(scope, 'hosts must name at least one host, got: an empty list');
    const [first, ...members] = hosts.map((member) => memberOf(scope, member, port));
    return { ...first!, ...(members.length > 0 && { members }) };
  }
  if (uriKey !== undefined) {
    if (server.port !== undefined) fault(scope, `port must be left out with uriKey, got: ${port}: it is in the secret`);
    return {};
  }
  if (srv !== undefined && server.port !== undefined)
    fault(scope, `port must be left out with srv, got: ${port}: it is in the SRV records`);
  requireHost(scope, host === undefined ? 'srv' : 'host', host ?? srv!);
  return { host: host ?? srv!, port, ...(srv !== undefined && { srv: true }) };
}

function memberOf(scope: IConstruct, member: string, defaultPort: number): Member {
  const [, bracketed, name, digits] = /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/.exec(member) ?? [];
  const host = bracketed ?? name ?? member;
  // What is in a token is known to the deployment alone.
  if (isUnknown(member)) return { host: member, port: defaultPort };
  requireHost(scope, 'hosts', host);
  const port = digits === undefined ? defaultPort : Number(digits);
  requireRange(scope, 'the port in hosts', port, { from: 1, to: 65_535 });
  return { host, port };
}

function requireHost(scope: IConstruct, what: string, host: string): void {
  if (host === '') fault(scope, `${what} must be a host name or an address, got: an empty text`);
  if (isUnknown(host) || isIPv6(host) || !/[\s:/]/.test(host)) return;
  fault(
    scope,
    `${what} must be a host name or an address, got: ${JSON.stringify(host)}: leave out scheme, port and path`,
  );
}
