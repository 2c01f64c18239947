#!/usr/bin/env node
/** Deploys backups without writing code: `npx cdk deploy`, with `"app": "npx cdk-proven-backups-app"` in cdk.json. */
import { App } from 'aws-cdk-lib';
import { BackupsFileError, findBackupsFile, readBackupsFile } from './backups-file/backups-file';
import { BackupsStack } from './backups-file/backups-stack';

const app = new App();
const path = (app.node.tryGetContext('backupsFile') as string | undefined) ?? process.env.BACKUPS_FILE;
try {
  new BackupsStack(app, readBackupsFile(path ?? findBackupsFile('.')));
  app.synth();
} catch (error) {
  console.error(error instanceof BackupsFileError ? error.message : error);
  // Not process.exitCode: at the end of the process the app would still write its templates.
  process.exit(1);
}
