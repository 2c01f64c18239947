import type { Engine } from '../catalog/contract/task';

/** What is known of an engine's versions. Free of dependencies: constructs and program share it. */
interface EngineFacts {
  /** As people write it. */
  readonly title: string;
  /** Versions that the program is known to fit, as the user states them. */
  readonly versions: readonly string[];
  readonly defaultPort?: number;
  /** The official image for a version. */
  readonly image: (version: string) => string;
}

export const ENGINE_FACTS: Record<Engine, EngineFacts> = {
  mysql: {
    title: 'MySQL',
    versions: ['5.7', '8.0', '8.4', '9.6', '9.7'],
    defaultPort: 3306,
    // The Oracle Linux 7 variant of 5.7 has glibc 2.17, on which Node.js 24 (2.28) cannot start.
    image: (version) => (version === '5.7' ? 'mysql:5.7-debian' : `mysql:${version}`),
  },
  mariadb: {
    title: 'MariaDB',
    versions: ['10.6', '10.11', '11.4', '11.8', '12.2', '12.3'],
    defaultPort: 3306,
    image: (version) => `mariadb:${version}`,
  },
  postgresql: {
    title: 'PostgreSQL',
    versions: ['14', '15', '16', '17', '18'],
    defaultPort: 5432,
    image: (version) => `postgres:${version}-bookworm`,
  },
  sqlite: { title: 'SQLite', versions: [], image: () => 'debian:bookworm-slim' },
};
