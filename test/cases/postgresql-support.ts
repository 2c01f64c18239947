import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ServerJob } from '../../catalog/contract/task';
import { Fixture } from '../faults/fixture';
import { PostgresqlServer, postgresqlBinaries } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import { serverJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import type { ProgramOptions } from '../support/program';

const PASSWORD = 'not-so-secret';

/** A folder with a `pg_dump` whose command has another end. */
export function pgDumpThat(version: Version, end: string): string {
  const directory = temporaryDirectory('tool');
  const tool = path.join(postgresqlBinaries(version), 'pg_dump');
  fs.writeFileSync(path.join(directory, 'pg_dump'), `#!/bin/bash\nset -o pipefail\n${tool} "$@" ${end}\n`, {
    mode: 0o755,
  });
  fs.chmodSync(directory, 0o755);
  return directory;
}

/** A PostgreSQL server with the user of docs/privileges.md, and a bucket. */
export class PostgresqlCase {
  private constructor(
    readonly fixture: Fixture,
    readonly server: PostgresqlServer,
  ) {}

  static async start(version: Version, settings: Readonly<Record<string, string>> = {}): Promise<PostgresqlCase> {
    const fixture = await Fixture.start();
    const server = await PostgresqlServer.start({ version, settings });
    await server.exec(`CREATE ROLE backup LOGIN PASSWORD '${PASSWORD}' BYPASSRLS; GRANT pg_read_all_data TO backup;
      ALTER ROLE backup SET default_transaction_read_only = on; GRANT SELECT ON pg_authid TO backup;
      CREATE ROLE tenant LOGIN PASSWORD '${PASSWORD}'`);
    return new PostgresqlCase(fixture, server);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.fixture.stop();
  }

  /** Makes a database that belongs to the tenant, and runs a script of the tenant's in it. */
  async tenantDatabase(name: string, sql: string): Promise<void> {
    await this.server.exec(`CREATE DATABASE ${name} OWNER tenant`);
    await this.as('tenant', sql, name);
  }

  /** Runs a script as a role. */
  as(role: string, sql: string, database: string): Promise<string> {
    return this.server.exec(`SET SESSION AUTHORIZATION ${role};\n${sql}`, database);
  }

  /** A run that backs up one database. */
  run(database: string, overrides: Partial<ServerJob> = {}): ProgramOptions {
    return {
      job: serverJob(this.server, this.fixture.place(database), { databases: [database], ...overrides }),
      ...{ aws: this.fixture.emulator.environment, username: 'backup', password: PASSWORD, image: this.server.version },
    };
  }
}
