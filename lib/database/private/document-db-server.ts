import * as docdb from 'aws-cdk-lib/aws-docdb';
import type { IConstruct } from 'constructs';
import type { DocumentDbClusterOptions } from '../database-options';
import { DatabaseTls } from '../database-tls';
import { fault } from '../../private/fault';
import { requireAcyclic, secretOf } from './rds-server';
import type { Server } from './address';

/** Every cluster of DocumentDB is a replica set of this name. */
const REPLICA_SET = 'rs0';

/** Server of a DocumentDB cluster: its instances, of which the driver chooses one. */
export function documentDbServer(
  scope: IConstruct,
  cluster: docdb.IDatabaseCluster,
  options: DocumentDbClusterOptions,
): Server {
  requireAcyclic(scope, cluster);
  const { hostname, port } = cluster.clusterEndpoint;
  return {
    ...options,
    tls: options.tls ?? DatabaseTls.amazonRds(),
    engine: 'mongodb',
    version: options.version?.version ?? versionOf(scope, cluster),
    secret: secretOf(scope, cluster, options.secret),
    host: hostname,
    port,
    replicaSet: REPLICA_SET,
    allowTo: cluster,
    // The endpoint exists before the instances behind it.
    needs: cluster.node.findAll().filter((child) => child instanceof docdb.CfnDBInstance),
  };
}

/** `5.0` of 5.0.0. */
function versionOf(scope: IConstruct, cluster: docdb.IDatabaseCluster): string {
  const resource = cluster.node.defaultChild;
  const version = resource instanceof docdb.CfnDBCluster ? resource.engineVersion : undefined;
  const major = /^\d+\.\d+/.exec(version ?? '')?.[0];
  if (major !== undefined) return major;
  fault(
    scope,
    `version of ${cluster.node.path} is not known, got: ${version ?? 'a cluster without a version'}: give it in the option version`,
  );
}
