/** The server that the stack starts, and the client that a task can be of: the same official image. */
import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import { grantLogWriting } from '../../lib/private/log-key';
import { DATABASE, SCHEMA, USER } from './names';

const IMAGE = ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/postgres:18');
/** Where the server of the stack is. */
export const OWN_SERVER = { host: 'server.self-test.internal', port: 5432 } as const;

export interface ServerProps {
  readonly vpc: ec2.IVpc;
  readonly secret: secretsmanager.ISecret;
  readonly logGroup: logs.ILogGroup;
}

/** Starts PostgreSQL in a cluster of its own, under a private name, with the schema in it, open to the VPC. */
export function startServer(scope: Construct, { vpc, secret, logGroup }: ServerProps): ecs.FargateService {
  const task = new ecs.FargateTaskDefinition(scope, 'ServerTask', { cpu: 512, memoryLimitMiB: 1024 });
  task.addContainer('server', {
    image: IMAGE,
    command: [
      ...[
        'sh',
        '-c',
        'printf %s "$SCHEMA" > /docker-entrypoint-initdb.d/shop.sql && exec docker-entrypoint.sh postgres',
      ],
    ],
    environment: { POSTGRES_USER: USER, POSTGRES_DB: DATABASE, SCHEMA },
    secrets: { POSTGRES_PASSWORD: ecs.Secret.fromSecretsManager(secret, 'password') },
    healthCheck: { command: ['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', USER], startPeriod: Duration.seconds(30) },
    portMappings: [{ containerPort: OWN_SERVER.port }],
    logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'server' }),
  });
  grantLogWriting(task.obtainExecutionRole(), logGroup);
  const cluster = new ecs.Cluster(scope, 'ServerCluster', {
    vpc,
    defaultCloudMapNamespace: { name: 'self-test.internal', type: servicediscovery.NamespaceType.DNS_PRIVATE },
  });
  const own = new ecs.FargateService(scope, 'Server', {
    ...{ cluster, taskDefinition: task, desiredCount: 1, minHealthyPercent: 0, assignPublicIp: true },
    circuitBreaker: { rollback: false },
    cloudMapOptions: { name: 'server', dnsTtl: Duration.seconds(5) },
  });
  own.connections.allowFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock), ec2.Port.tcp(OWN_SERVER.port));
  return own;
}

export interface ClientProps {
  readonly logGroup: logs.ILogGroup;
  readonly host: string;
  readonly port: string;
  readonly secret: secretsmanager.ISecret;
  /** Id, with `Client` for the usual one. */
  readonly id?: string;
  readonly image?: ecs.ContainerImage;
  readonly database?: string;
  readonly user?: string;
}

/** A task definition for commands of a database's client: each run says its own. */
export function addClient(scope: Construct, props: ClientProps): ecs.FargateTaskDefinition {
  const { id = 'Client', database = DATABASE, user = USER, image = IMAGE, host, port, secret, logGroup } = props;
  const task = new ecs.FargateTaskDefinition(scope, id, { cpu: 256, memoryLimitMiB: 512 });
  task.addContainer('client', {
    image,
    environment: { PGHOST: host, PGPORT: port, PGUSER: user, PGDATABASE: database, MYSQL_HOST: host },
    secrets: Object.fromEntries(
      ['PGPASSWORD', 'MYSQL_PWD'].map((name) => [name, ecs.Secret.fromSecretsManager(secret, 'password')]),
    ),
    logging: ecs.LogDrivers.awsLogs({ logGroup, streamPrefix: 'client' }),
  });
  grantLogWriting(task.obtainExecutionRole(), logGroup);
  return task;
}
