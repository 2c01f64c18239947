/** What owners of databases wrote runs in a restore test: it gets nothing that is not of this source, and does not stop the test. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as os from 'node:os';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { Expectation } from '../../catalog/contract/task';
import { MysqlScene } from '../restore/mysql-scene';
import { PostgresqlScene } from '../restore/postgresql-support';
import { RestoreScene } from '../restore/support';
import { describeOn, engineOf, inMatrix, newestOf, versionsOf, type Version } from '../servers/versions';
import { sqliteJob } from '../support/job';
import { prove, type ProveOptions } from './support';

jest.setTimeout(300_000);

/** The endpoint that gives the task's credentials, to whoever knows the path. ECS has it at 169.254.170.2. */
class CredentialsEndpoint {
  readonly secret = `secret-${randomUUID()}`;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  private readonly server = http.createServer((request, response) => {
    this.asked.push(request.url ?? '');
    if (request.url !== `/v2/credentials/${this.secret}`) response.writeHead(404).end();
    else
      response.end(
        JSON.stringify({
          AccessKeyId: this.key,
          SecretAccessKey: this.key,
          Token: this.key,
          Expiration: '2100-01-01T00:00:00Z',
        }),
      );
  });
  private readonly key = `key-${this.secret}`;

  async start(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** As ECS tells a task. */
  get environment(): ProveOptions['environment'] {
    return {
      ...{ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${this.port}/v2/credentials/${this.secret}`,
    };
  }
}

let endpoint: CredentialsEndpoint;
beforeEach(async () => {
  endpoint = new CredentialsEndpoint();
  await endpoint.start();
});
afterEach(() => endpoint.stop());

/** A script that takes what an account of the system can: `loot <where it ran>`. */
function writeLoot(directory: string): { readonly script: string; readonly read: () => string } {
  const [script, loot] = [path.join(directory, 'loot.sh'), path.join(directory, 'loot')];
  fs.writeFileSync(loot, '');
  fs.chmodSync(loot, 0o666);
  const text = `#!/bin/bash
{ echo "RAN $1"; env
for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ; tr '\\0' ' ' <$p/cmdline; done
find ${directory}/scratch -type f -size -64k -exec cat {} +
for ((p = PPID; p > 1; p = $(sed 's/.*) . //; s/ .*//' /proc/$p/stat))); do
  [[ $(tr '\\0' ' ' </proc/$p/cmdline) == *main.js* ]] || continue
  echo PROGRAM; head -c 1 /proc/$p/maps && echo MEMORY; kill -USR1 $p
done
sleep 0.5; exec 3<>/dev/tcp/127.0.0.1/9229 && echo DEBUGGER
} >>${loot} 2>/dev/null
exec 3<>/dev/tcp/127.0.0.1/${endpoint.port} && printf 'GET /v2/credentials HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3
exit 0
`;
  fs.writeFileSync(script, text, { mode: 0o755 });
  return { script, read: () => fs.readFileSync(loot, 'latin1') };
}

/** Tests with the endpoint in the place of that of ECS. */
async function proveIt(scene: RestoreScene, manifest: Manifest, image?: Version, expectations?: Expectation[]) {
  const { environment } = endpoint;
  if (expectations) scene.putManifest({ ...manifest, expectations });
  // What is planted looks at each process of the machine, each time that it runs.
  const result = await prove(scene, manifest, { environment, job: { timeoutSeconds: 280 }, ...(image && { image }) });
  expect(result.output).not.toContain(endpoint.secret);
  expect(fs.readdirSync(scene.scratchDirectory)).toEqual([]);
  return result;
}

describeOn(inMatrix(versionsOf('postgresql'), newestOf('postgresql')), '%s', (version) => {
  let shop: PostgresqlScene;
  beforeAll(async () => {
    shop = await PostgresqlScene.start(version);
  });
  afterAll(() => shop?.stop());

  /** Runs in the throw-away server only: what a source runs for its owner is its owner's. */
  const planted = (script: string): string => `
    CREATE FUNCTION reach(place text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('restart_after_crash') = 'on' THEN RETURN; END IF;
      BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', '${script} ' || place); EXCEPTION WHEN OTHERS THEN NULL; END;
      BEGIN PERFORM pg_read_file('/proc/self/environ'), lo_import('/etc/passwd'); EXCEPTION WHEN OTHERS THEN NULL; END;
    END $$;
    CREATE FUNCTION quiet(n int, place text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.reach(place); RETURN n; END $$;
    CREATE FUNCTION hear() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.reach('event-trigger'); END $$;
    CREATE DOMAIN small AS int CHECK (quiet(VALUE, 'domain') > 0);
    CREATE TABLE t (id int PRIMARY KEY CHECK (quiet(id, 'check') > 0), d small, g int GENERATED ALWAYS AS (quiet(id, 'generated')) STORED);
    INSERT INTO t VALUES (1, 1); CREATE INDEX ON t (quiet(id, 'index'));
    CREATE MATERIALIZED VIEW m AS SELECT quiet(id, 'matview') FROM t;
    CREATE VIEW v AS SELECT quiet(1, 'view') AS n;
    CREATE EVENT TRIGGER hear ON ddl_command_end EXECUTE FUNCTION hear();
    ALTER DATABASE planted SET log_min_messages = debug1;`;

  test('functions of a database run programs, which find no credentials', async () => {
    const { script, read } = writeLoot(shop.scene.directory);
    await shop.database('planted', planted(script));
    const { exit, failure, verdict } = await proveIt(shop.scene, await shop.backUp('planted'), version, [
      { kind: 'equals', statement: 'SELECT n FROM v', value: '1' },
    ]);
    expect({ exit, failure, differences: verdict?.differences }).toEqual({
      exit: 'success',
      failure: '',
      differences: [],
    });
    const loot = read();
    const ran = new Set([...loot.matchAll(/^RAN (.*)$/gm)].map(([, place]) => place));
    expect([...ran]).toEqual(expect.arrayContaining(['check', 'domain', 'generated']));
    expect(loot).toMatch(/^PROGRAM$/m);
    expect(loot.split('\n').filter((line) => ['MEMORY', 'DEBUGGER'].includes(line))).toEqual([]);
    // In no environment, and in no file.
    expect(loot.includes(endpoint.secret)).toBe(false);
    expect(endpoint.asked).toContain('/v2/credentials');
  });
});

describeOn(inMatrix(versionsOf('mysql', 'mariadb'), newestOf('mysql', 'mariadb')), '%s', (version) => {
  let mysql: MysqlScene;
  beforeAll(async () => {
    mysql = await MysqlScene.start(version);
  });
  afterAll(() => mysql?.stop());

  test('views, routines and names of a database read no file, write none, and run nothing', async () => {
    const { script, read } = writeLoot(mysql.scene.directory);
    const target = path.join(mysql.scene.directory, 'written');
    // A name has 64 characters.
    const short = path.join(os.tmpdir(), `l${process.pid}`);
    fs.copyFileSync(script, short);
    const name = `t\n\\! ${short} name\nend`;
    await mysql.exec(`CREATE DATABASE planted; USE planted;
      CREATE TABLE \`${name}\` (a INT COMMENT '*/; \\\\! ${script} comment\\n\\\\! ${script} comment\\n') COMMENT '\\n\\\\! ${script} comment\\n;;\\n';
      INSERT INTO \`${name}\` VALUES (1);
      CREATE TABLE rows_of (a TEXT); INSERT INTO rows_of VALUES ('\\n\\\\! ${script} row\\n;;\\ndelimiter x\\nsource ${script}\\n');
      CREATE DEFINER=root@localhost SQL SECURITY DEFINER VIEW passwords AS SELECT COALESCE(LOAD_FILE('/etc/passwd'), LOAD_FILE('/proc/self/environ'), 'none') AS a;
      DELIMITER //
      CREATE DEFINER=root@localhost FUNCTION f() RETURNS TEXT READS SQL DATA BEGIN
        /*;;
\\! ${script} body
DELIMITER ;
system ${script} body;
        */ DECLARE found TEXT; SELECT a INTO found FROM passwords; RETURN found; END//
      CREATE DEFINER=root@localhost PROCEDURE p() BEGIN SELECT 1 INTO OUTFILE '${target}'; END//
      CREATE DEFINER=root@localhost TRIGGER tr BEFORE INSERT ON rows_of FOR EACH ROW SET NEW.a = COALESCE(LOAD_FILE('/etc/passwd'), NEW.a)//
      CREATE DEFINER=root@localhost EVENT ev ON SCHEDULE EVERY 1 SECOND ENABLE DO SELECT 1 INTO OUTFILE '${target}'//
      DELIMITER ;
      ALTER EVENT ev DISABLE;
      CREATE VIEW called AS SELECT f() AS a;`);
    const manifest = await mysql.backUp(['planted']);
    mysql.edit(manifest, (sql) =>
      sql.replaceAll('ON COMPLETION NOT PRESERVE DISABLE', 'ON COMPLETION NOT PRESERVE ENABLE'),
    );
    const [edited] = mysql.scene.manifests(manifest.source);
    const { verdict, exit } = await proveIt(mysql.scene, edited!, version, [
      { kind: 'equals', statement: 'SELECT a FROM passwords', value: 'none' },
      { kind: 'equals', statement: `SELECT 1 INTO OUTFILE '${target}'`, value: '1' },
      { kind: 'equals', statement: 'CALL p()', value: '1' },
    ]);
    expect(exit).toBe('notProven');
    const [enabled, ...refused] = verdict?.differences ?? [];
    expect(enabled).toMatchObject({ check: 'inventory', object: 'event planted.ev', found: 'ENABLED' });
    expect(refused.map(({ check }) => check)).toEqual(['expectations', 'expectations']);
    expect(
      refused.map(({ object, said }) => [object.split(' ')[0], /denied|secure|one value/.test(said ?? '')]),
    ).toEqual([
      ['SELECT', true],
      ['CALL', true],
    ]);
    expect([read(), fs.existsSync(target)]).toEqual(['', false]);
  });

  if (engineOf(version) === 'mariadb')
    test('functions of libraries are none of a backup, and plugins that reach out are not loaded', async () => {
      await mysql.exec(`CREATE DATABASE plugged; CREATE TABLE plugged.t (a INT);
        CREATE OR REPLACE SERVER far FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1', PORT ${endpoint.port})`);
      const manifest = await mysql.backUp(['plugged']);
      mysql.edit(manifest, (sql) =>
        sql.replace(') ENGINE=InnoDB', `) ENGINE=FEDERATED CONNECTION='mysql://u@127.0.0.1:${endpoint.port}/x/t'`),
      );
      const { verdict } = await proveIt(mysql.scene, mysql.scene.manifests(manifest.source)[0]!, version);
      expect(verdict?.verdict).not.toBe('passed');
      expect(new Set(endpoint.asked)).toEqual(new Set([`/v2/credentials/${endpoint.secret}`]));
    });
});

describe('sqlite', () => {
  let scene: RestoreScene;
  beforeAll(async () => {
    scene = await RestoreScene.start();
  });
  afterAll(() => scene?.stop());

  test('views, triggers, indexes and pragmas of a file load and open nothing', async () => {
    const file = path.join(scene.directory, 'planted.db');
    const target = path.join(scene.directory, 'attached');
    const database = new DatabaseSync(file);
    database.exec(`CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES ('x', 'y');
      CREATE VIEW v AS SELECT load_extension('${target}') AS a;
      CREATE VIEW tokens AS SELECT fts3_tokenizer('simple', x'4141414141414141') AS a;
      CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT load_extension('${target}'), writefile('${target}', 'x'), edit('x', 'touch ${target}'); END;
      CREATE VIRTUAL TABLE words USING fts5(a); INSERT INTO words VALUES ('one two');`);
    database.enableDefensive(false);
    database.exec(`PRAGMA writable_schema = ON;
      INSERT INTO sqlite_schema VALUES ('table', 'csv', 'csv', 0, 'CREATE VIRTUAL TABLE csv USING csv(filename="/etc/passwd")');
      INSERT INTO sqlite_schema VALUES ('trigger', 'away', 't', 0, 'CREATE TRIGGER away BEFORE DELETE ON t BEGIN SELECT load_extension(''${target}''); END');`);
    database.close();
    const manifest = await scene.backUp(sqliteJob(file, scene.place('planted')));
    const asked = [
      `SELECT load_extension('${target}')`,
      'SELECT a FROM v',
      'SELECT a FROM tokens',
      `ATTACH '${target}' AS x`,
      'PRAGMA writable_schema = ON',
      "SELECT data FROM pragma_database_list WHERE name = 'main'",
    ];
    const { verdict } = await proveIt(
      scene,
      manifest,
      undefined,
      asked.map((statement) => ({ kind: 'equals', statement, value: '' })),
    );
    expect(verdict?.differences?.map(({ check, object }) => [check, object])).toEqual(
      asked.map((statement) => ['expectations', statement]),
    );
    expect(verdict?.differences?.every(({ said }) => said !== undefined)).toBe(true);
    expect(fs.existsSync(target)).toBe(false);
  });
});
