import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { cx_api as cxapi } from 'aws-cdk-lib';
import { App, aws_ecs as ecs } from 'aws-cdk-lib';
import { readBackupsFile } from '../../../bin/backups-file/backups-file';
import { BackupsStack } from '../../../bin/backups-file/backups-stack';

// A synthesised template is looked at piece by piece: its type would be no help.
/* eslint-disable @typescript-eslint/no-explicit-any */

/** The certificate that the files of the tests name. */
const CA = path.resolve(__dirname, '../../../examples/self-hosted-docker/company-ca.pem');

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'backups-file-'));
fs.copyFileSync(CA, path.join(directory, 'company-ca.pem'));
afterAll(() => fs.rmSync(directory, { recursive: true }));

/** Writes a backups file; answers with its path. */
export function write(source: string): string {
  const file = path.join(directory, 'backups.yaml');
  fs.writeFileSync(file, source);
  return file;
}

/** An app with the stack that a backups file describes. */
export function appOf(source: string, context: Record<string, unknown> = {}): App {
  // The image's folder is not copied: no test here looks into it.
  const app = new App({
    treeMetadata: false,
    analyticsReporting: false,
    context: { 'aws:cdk:disable-asset-staging': true, ...context },
  });
  new BackupsStack(app, readBackupsFile(write(source)));
  return app;
}

/** What a backups file is refused with, its folder left out. */
export function refusal(source: string): string {
  try {
    appOf(source);
  } catch (error) {
    return (error as Error).message.replaceAll(`${directory}/`, '');
  }
  throw new Error('the file was accepted');
}

/** The one stack of an app. */
export const stackOf = (app: App): cxapi.CloudFormationStackArtifact => app.synth().stacks[0]!;

/** Properties of the one resource of a type whose logical id contains a text. */
export function resource(template: any, type: string, idPart = ''): any {
  const found = Object.entries<any>(template.Resources).filter(
    ([id, { Type }]) => Type === type && id.includes(idPart),
  );
  expect(found).toHaveLength(1);
  return found[0]![1].Properties;
}

/** The job of a database's task. */
export function jobOf(template: any, name: string): any {
  const id = `Backups${name}TaskDefinition`;
  const [container] = resource(template, ecs.CfnTaskDefinition.CFN_RESOURCE_TYPE_NAME, id).ContainerDefinitions;
  const { Value } = container.Environment.find(({ Name }: any) => Name === 'BACKUP_JOB');
  return JSON.parse(
    typeof Value === 'string'
      ? Value
      : Value['Fn::Join'][1].map((part: any) => (typeof part === 'string' ? part : '…')).join(''),
  );
}
