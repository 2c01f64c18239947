import * as path from 'node:path';
import * as ts from 'typescript';
import * as library from '../../lib';
import type { CodeBlock } from './markdown';
import { ROOT } from './markdown';

/** What a fragment may take for granted. Its own declarations go before these. */
const PRELUDE = `
import { readFileSync } from 'node:fs';
import { App, Duration, RemovalPolicy, Stack, TimeZone } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  ${Object.keys(library).join(', ')}
} from 'cdk-proven-backups';
declare const stack: Stack;
declare const vpc: ec2.IVpc;
declare const volume: ec2.IVolume;
declare const role: iam.IRole;
declare const secret: secretsmanager.ISecret;
declare const backups: Backups;
declare const backup: DatabaseBackup;
declare const service: ecs.FargateService;
declare const database: Database;
declare const schedule: BackupSchedule;
declare const fileSystem: efs.IFileSystem;
declare const accessPoint: efs.IAccessPoint;
declare const instance: rds.DatabaseInstance;
declare const aurora: rds.DatabaseCluster;
declare const replica: rds.DatabaseInstanceReadReplica;
`;

const sourceOf = ({ code }: CodeBlock): string =>
  /^import /m.test(code) ? code : `${PRELUDE.replaceAll('\n', ' ')} {\n${code}}\nexport {};\n`;

/** Compiles blocks of TypeScript against the library's sources; returns what is wrong, each with its block's place. */
export function compileErrors(blocks: readonly CodeBlock[]): string[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  // A fragment declares what it shows, and need not use it.
  const overrides = { noUnusedLocals: false };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT, overrides);
  const files = new Map(blocks.map((block, index) => [path.join(ROOT, `docs/block-${index}.ts`), block]));
  const host = ts.createCompilerHost({ ...options, ...overrides });
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => (files.has(name) ? sourceOf(files.get(name)!) : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    files.has(name)
      ? ts.createSourceFile(name, sourceOf(files.get(name)!), rest[0])
      : getSourceFile.call(host, name, ...rest);
  const program = ts.createProgram([...files.keys()], { ...options, ...overrides }, host);
  return [...files].flatMap(([name, { place }]) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}
