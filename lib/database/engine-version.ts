/** Major version of a database server, in the engine's own numbering. Patch levels do not count. */
export abstract class EngineVersion {
  /** The version as text: `8.4`, `17`. */
  public readonly version: string;
  /**
   * Name of the engine.
   *
   * @internal
   */
  public abstract readonly _engine: string;

  protected constructor(version: string) {
    this.version = version;
  }
}

/** Major version of a MySQL server. */
export class MysqlVersion extends EngineVersion {
  /** MySQL 5.7. */
  public static readonly V5_7 = MysqlVersion.of('5.7');
  /** MySQL 8.0. */
  public static readonly V8_0 = MysqlVersion.of('8.0');
  /** MySQL 8.4. */
  public static readonly V8_4 = MysqlVersion.of('8.4');
  /** MySQL 9.6. */
  public static readonly V9_6 = MysqlVersion.of('9.6');
  /** MySQL 9.7. */
  public static readonly V9_7 = MysqlVersion.of('9.7');

  /**
   * A version that has no constant here. It needs an `image` with the tools of that version.
   *
   * @param version the version without its patch level, for example `8.4`
   */
  public static of(version: string): MysqlVersion {
    return new MysqlVersion(version);
  }

  /** @internal */
  public readonly _engine = 'mysql';

  private constructor(version: string) {
    super(version);
  }
}

/** Major version of a MariaDB server. */
export class MariadbVersion extends EngineVersion {
  /** MariaDB 10.6. */
  public static readonly V10_6 = MariadbVersion.of('10.6');
  /** MariaDB 10.11. */
  public static readonly V10_11 = MariadbVersion.of('10.11');
  /** MariaDB 11.4. */
  public static readonly V11_4 = MariadbVersion.of('11.4');
  /** MariaDB 11.8. */
  public static readonly V11_8 = MariadbVersion.of('11.8');
  /** MariaDB 12.2. */
  public static readonly V12_2 = MariadbVersion.of('12.2');
  /** MariaDB 12.3. */
  public static readonly V12_3 = MariadbVersion.of('12.3');

  /**
   * A version that has no constant here. It needs an `image` with the tools of that version.
   *
   * @param version the version without its patch level, for example `11.8`
   */
  public static of(version: string): MariadbVersion {
    return new MariadbVersion(version);
  }

  /** @internal */
  public readonly _engine = 'mariadb';

  private constructor(version: string) {
    super(version);
  }
}

/** Major version of a PostgreSQL server. */
export class PostgresqlVersion extends EngineVersion {
  /** PostgreSQL 14. */
  public static readonly V14 = PostgresqlVersion.of('14');
  /** PostgreSQL 15. */
  public static readonly V15 = PostgresqlVersion.of('15');
  /** PostgreSQL 16. */
  public static readonly V16 = PostgresqlVersion.of('16');
  /** PostgreSQL 17. */
  public static readonly V17 = PostgresqlVersion.of('17');
  /** PostgreSQL 18. */
  public static readonly V18 = PostgresqlVersion.of('18');

  /**
   * A version that has no constant here. It needs an `image` with the tools of that version.
   *
   * @param version the major version, for example `17`
   */
  public static of(version: string): PostgresqlVersion {
    return new PostgresqlVersion(version);
  }

  /** @internal */
  public readonly _engine = 'postgresql';

  private constructor(version: string) {
    super(version);
  }
}

/** Version of a MongoDB server. A cluster of Amazon DocumentDB 5.0 or 8.0 has the one that it is compatible with. */
export class MongodbVersion extends EngineVersion {
  /** MongoDB 4.4. */
  public static readonly V4_4 = MongodbVersion.of('4.4');
  /** MongoDB 5.0, and DocumentDB 5.0. */
  public static readonly V5_0 = MongodbVersion.of('5.0');
  /** MongoDB 6.0. */
  public static readonly V6_0 = MongodbVersion.of('6.0');
  /** MongoDB 7.0. */
  public static readonly V7_0 = MongodbVersion.of('7.0');
  /** MongoDB 8.0, and DocumentDB 8.0. */
  public static readonly V8_0 = MongodbVersion.of('8.0');
  /** MongoDB 8.2. */
  public static readonly V8_2 = MongodbVersion.of('8.2');

  /**
   * A version that has no constant here. It needs an `image` with the tools of that version.
   *
   * @param version the version without its patch level, for example `8.0`
   */
  public static of(version: string): MongodbVersion {
    return new MongodbVersion(version);
  }

  /** @internal */
  public readonly _engine = 'mongodb';

  private constructor(version: string) {
    super(version);
  }
}
