import * as fs from 'node:fs';
import * as path from 'node:path';
import { colors } from '../bin/cli/print/colors';
import { say } from './print';
import type { Deployed } from './runs';
import { runTasks } from './tasks';

/**
 * Prints what can be done with all that is up, and runs the tasks that somebody starts, until it is interrupted.
 *
 * @param look a command that shows the database
 */
export async function keep(here: Deployed, directory: string, look: string): Promise<void> {
  const file = path.join(directory, 'env');
  const variables = {
    ...here.emulator.environment,
    BUCKET: here.outputs.Bucket!,
    PROVEN_BACKUPS_BUCKET: here.outputs.Bucket!,
  };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  fs.writeFileSync(file, `unset AWS_PROFILE AWS_SESSION_TOKEN\n${exports.join('')}`);
  const cli = 'node dist/bin/cli.js';
  console.log(`
${colors.bold('Everything is up. To try, in another terminal, in this folder:')}

  . ${file}
  ${cli} run --bucket "$BUCKET" --source bookshop
  ${cli} prove --source bookshop
  ${cli} list --bucket "$BUCKET"
  ${cli} restore --source bookshop --tables books --as again --yes
  ${cli} prune --bucket "$BUCKET" --dry-run
  ${cli} alarm test --bucket "$BUCKET"
  curl -s "$AWS_ENDPOINT_URL/_emails"
  ${look}

Ctrl-C stops everything and removes it.`);
  await runTasks(here, (task) => say(`• running task ${task}`));
}
