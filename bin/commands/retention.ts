import type { Command } from 'commander';
import type { Output } from '../output';

/** `proven-backups retention …` */
export function addRetentionCommand(program: Command, _output: Output): void {
  program.command('retention').description('What a retention keeps');
}
