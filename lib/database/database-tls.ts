import { Stack, Token } from 'aws-cdk-lib';
import type { TlsJob } from '../../catalog/contract/task';
import type { IConstruct } from 'constructs';
import { docsLink } from '../private/docs-link';
import { fault } from '../private/fault';
import { isUnknown } from '../private/lookup';
import { hasRdsAuthorities } from './private/rds-authorities';

/** Half of the 64 KiB that ECS allows for a task definition. */
const MAX_PEM = 32_768;

/** Verification of the server's TLS certificate. It always includes the host name: there is no unverified encryption. */
export class DatabaseTls {
  /**
   * Verifies against Amazon's certificate authorities for RDS and Aurora. Those of most Regions ship with the program, and the
   * image's build adds what AWS publishes. GovCloud, China and new Regions: use {@link certificateAuthority} there.
   */
  public static amazonRds(): DatabaseTls {
    return new DatabaseTls({ mode: 'amazon-rds' });
  }

  /** Verifies against the public certificate authorities that ship with Node.js. */
  public static publicAuthorities(): DatabaseTls {
    return new DatabaseTls({ mode: 'public' });
  }

  /**
   * Verifies against your own certificate authority.
   *
   * @param pem one or more certificates in PEM, with at most 32,768 characters. They are not secret: the task definition
   * contains them. A private key among them is refused
   */
  public static certificateAuthority(pem: string): DatabaseTls {
    return new DatabaseTls({ mode: 'certificate-authority', pem });
  }

  /**
   * Connects in clear text: anyone on the network path can read the password and the data.
   *
   * @param reason why this is acceptable, for those who read the template later
   */
  public static off(reason: string): DatabaseTls {
    return new DatabaseTls({ mode: 'off', reason });
  }

  private constructor(private readonly job: TlsJob) {}

  /** @internal */
  public _render(scope: IConstruct): TlsJob {
    const { job } = this;
    if (job.mode === 'amazon-rds') requireRdsAuthorities(scope);
    if (job.mode === 'off' && job.reason.trim() === '') {
      fault(scope, 'DatabaseTls.off needs a reason, got: an empty one: write why clear text is acceptable here');
    }
    if (job.mode === 'certificate-authority' && job.pem.includes('PRIVATE KEY-----')) {
      fault(
        scope,
        'DatabaseTls.certificateAuthority takes certificates only, got: a private key among them: leave it out, for the task definition shows it to everybody who may read that',
      );
    }
    if (
      job.mode === 'certificate-authority' &&
      !isUnknown(job.pem) &&
      !/^-----BEGIN CERTIFICATE-----[^]+-----END CERTIFICATE-----\s*$/.test(job.pem.trim())
    ) {
      const start = JSON.stringify(job.pem.slice(0, 30));
      fault(
        scope,
        `DatabaseTls.certificateAuthority needs a certificate in PEM (-----BEGIN CERTIFICATE-----…), got: ${start}`,
      );
    }
    if (job.mode === 'certificate-authority' && job.pem.length > MAX_PEM) {
      fault(
        scope,
        `DatabaseTls.certificateAuthority takes at most ${MAX_PEM} characters, got: ${job.pem.length}: give only the authority of this server; for RDS amazonRds(), or the bundle of the one Region`,
      );
    }
    return job;
  }
}

function requireRdsAuthorities(scope: IConstruct): void {
  const { region } = Stack.of(scope);
  if (Token.isUnresolved(region) || hasRdsAuthorities(region)) return;
  fault(
    scope,
    `DatabaseTls.amazonRds() must be used in a Region whose certificate authorities ship with this package, got: ${region}: give the Region's bundle from AWS with tls: DatabaseTls.certificateAuthority(…), see ${docsLink('docs/tls.md#rds-and-aurora')}`,
  );
}
