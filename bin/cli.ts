#!/usr/bin/env node
/** The command line: `proven-backups <command>`. */
import { Command } from 'commander';

const program = new Command('proven-backups');
program.description('Database backups that prove that they restore');
void program.parseAsync();
