import * as fs from 'node:fs';
import * as path from 'node:path';
import { App } from 'aws-cdk-lib';
import { readBackupsFile } from '../../bin/backups-file/backups-file';
import { BackupsStack } from '../../bin/backups-file/backups-stack';

/** Folder of the examples. */
export const EXAMPLES = path.resolve(__dirname, '../../examples');

/** Examples made from documents of real teams. */
const DOCUMENTS = 'documents';

/** All examples, by folder. */
export const ALL_EXAMPLES = [
  ...fs.readdirSync(EXAMPLES).filter((name) => name !== DOCUMENTS),
  ...fs.readdirSync(path.join(EXAMPLES, DOCUMENTS)).map((name) => `${DOCUMENTS}/${name}`),
].sort();

/** Loads the example's own file, as its user runs it. It must not have been synthesised before. */
export const loadExample = (example: string): App =>
  (jest.requireActual(path.join(EXAMPLES, example, 'app.ts')) as { app: App }).app;

/** The app of an example, whether it is a program or a backups file. */
export function exampleApp(example: string): App {
  if (fs.existsSync(path.join(EXAMPLES, example, 'app.ts'))) return loadExample(example);
  const app = new App();
  new BackupsStack(app, readBackupsFile(path.join(EXAMPLES, example, 'backups.yaml')));
  return app;
}

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  // Properties have any shape.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly Properties: any;
}

/** The template of an app's one stack. Throws findings of validation plugins. */
export function templateOf(app: App): { readonly Resources: Readonly<Record<string, Resource>> } {
  const [{ template }] = app.synth().stacks as unknown as [{ template: { Resources: Record<string, Resource> } }];
  return template;
}
