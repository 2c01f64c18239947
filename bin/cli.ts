#!/usr/bin/env node
/** The command line: `proven-backups <command>`. */
import { main } from './program';

// Whoever reads the output may stop before its end (`| head`); the command still comes to its own.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// Not process.exit: a pipe may not have taken the whole output yet.
void main(process.argv.slice(2), process).then((code) => (process.exitCode = code));
