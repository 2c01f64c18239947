import type { Stack } from 'aws-cdk-lib';
import { App } from 'aws-cdk-lib';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Json } from '../lib/support';

/** An app without what a template does not need. */
export const appWith = (context: Record<string, unknown> = {}): App =>
  new App({
    treeMetadata: false,
    stackTraces: false,
    context: {
      'aws:cdk:disable-asset-staging': true,
      'aws:cdk:disable-creation-stack-traces': true,
      // The CDK warns where nobody has chosen.
      '@aws-cdk/core:defaultCrossStackReferences': 'strong',
      ...context,
    },
  });

/** Templates of an app, those of nested stacks and stages too, by file name. */
export function templates(app: App): Record<string, Json> {
  app.synth();
  const files = fs.readdirSync(app.outdir, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    files
      .filter((file) => /\.template\.json$/.test(file))
      .map((file) => [file, JSON.parse(fs.readFileSync(path.join(app.outdir, file), 'utf8'))]),
  );
}

/** Resources of all templates: `[file, logical id, resource]`. */
export const resourcesOf = (all: Record<string, Json>): [string, string, Json][] =>
  Object.entries(all).flatMap(([file, { Resources }]) =>
    Object.entries<Json>(Resources).map(([id, resource]): [string, string, Json] => [file, id, resource]),
  );

/** Types of resources whose replacement would lose something: data, their keys, subscriptions that people confirmed. */
export const HOLD_DATA = [
  'AWS::DynamoDB::Table',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
];

export const namesOf = (stacks: readonly Stack[]): string[] => stacks.map(({ stackName }) => stackName);
