#!/usr/bin/env node
/** Deploys backups without writing code: `npx cdk deploy`, with `"app": "npx cdk-proven-backups-app"` in cdk.json. */
import { App } from 'aws-cdk-lib';
import { BackupsFileError, readBackupsFile } from './backups-file/backups-file';
import { BackupsStack } from './backups-file/backups-stack';

const app = new App();
const path = (app.node.tryGetContext('backupsFile') as string | undefined) ?? process.env.BACKUPS_FILE;
try {
  new BackupsStack(app, readBackupsFile(path ?? 'backups.yaml'));
  app.synth();
} catch (error) {
  console.error(error instanceof BackupsFileError ? error.message : error);
  // Not process.exitCode: the app would still write what it has when Node.js is done.
  process.exit(1);
}
