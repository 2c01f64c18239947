import type { ReasonValues } from '../../../catalog/contract/failure';
import type { Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { page } from './links';
import type { ReasonTable } from './reason-advice';
import { serverOf } from './reason-advice';
import { definition } from './steps';

/** `host:port` as a word of a shell. */
const address = ({ host, port }: ReasonValues): string =>
  host === undefined ? '"$HOST":"$PORT"' : arg(serverOf({ host, ...(port !== undefined && { port }) }));

/** Shows the certificate of the server. Works only where the server is reached. */
export const showCertificate = ({ values, engine }: AdviceContext, where = 'from a machine in the VPC'): Step => {
  const starttls = engine?.starttls === undefined ? '' : ` -starttls ${engine.starttls}`;
  return {
    say: `Look at the server's certificate, ${where}:`,
    run: `echo | openssl s_client -connect ${address(values)}${starttls} | openssl x509 -noout -subject -issuer -ext subjectAltName -dates`,
  };
};

const rdsInstances = ({ aws }: AdviceContext, say: string, columns: string): Step => ({
  say,
  run: aws('rds describe-db-instances', `--query "DBInstances[].[DBInstanceIdentifier,Endpoint.Address,${columns}]"`),
});

/** Of a server that was waited for. */
const SLEEPING: Step = {
  say: 'Aurora Serverless with a minimum of 0 ACU sleeps when it is idle. A run waits two minutes for it to wake up; if that is not enough, raise the minimum:',
  run: page('networking.md#aurora-serverless-that-sleeps'),
};

/** Makes a certificate for the name by which the backup reaches the server. */
export const makeCertificate = ({ host }: ReasonValues): Step => {
  const isName = host !== undefined && /^[A-Za-z0-9.-]+$/.test(host);
  const name = isName ? host : '$HOST';
  const kind = isName && /^[\d.]+$/.test(host) ? 'IP' : 'DNS';
  return {
    say: 'Create a certificate for the name by which the backup reaches the server:',
    run: `openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=${name}" -addext "subjectAltName=${kind}:${name}" -keyout server-key.pem -out server-cert.pem`,
  };
};

/** The database was not reached, or its certificate was not accepted. */
export const NETWORK_REASONS: ReasonTable<
  | 'host-unknown'
  | 'name-server-silent'
  | 'nothing-listens'
  | 'no-answer'
  | 'connection-lost'
  | 'not-ready'
  | 'certificate-expired'
  | 'certificate-name'
  | 'certificate-untrusted'
  | 'certificate-self-signed'
  | 'tls-not-offered'
> = {
  'host-unknown': {
    title: 'the name of the database server is unknown',
    happened: ({ host }) => `no address was found for ${host ?? 'the name of the database server'}`,
    likelyCause:
      'A typing error, a server that was deleted or renamed, or a private zone that is not associated with the VPC.',
    action: 'Correct host of the database, or let the VPC resolve the name.',
    steps: (context) => [
      {
        say: 'See whether the name has an address, from a machine in the VPC:',
        run: `dig +short ${context.values.host === undefined ? '"$HOST"' : arg(context.values.host)}`,
      },
      rdsInstances(context, 'On RDS, look up the name of the server:', 'DBInstanceStatus'),
      {
        say: 'For a name in a private zone, see whether the zone is associated with the VPC ($VPC: id of the VPC):',
        run: context.aws(
          'route53 list-hosted-zones-by-vpc',
          '--vpc-id "$VPC"',
          `--vpc-region ${arg(context.place.region)}`,
          '--query "HostedZoneSummaries[].Name"',
        ),
      },
      { say: 'If the server has another name now, correct host of the database, and deploy.' },
    ],
  },
  'name-server-silent': {
    title: 'the name server did not answer',
    happened: ({ host }) => `the name server did not answer when asked for ${host ?? 'the database server'}`,
    likelyCause: 'The DNS settings of the VPC were changed, or its own name server is unreachable from the subnets.',
    action: 'Look at the DNS settings of the VPC.',
    steps: (context) => [
      {
        say: 'See which name servers the VPC uses. AmazonProvidedDNS needs enableDnsSupport of the VPC:',
        run: context.aws(
          'ec2 describe-dhcp-options',
          `--query "DhcpOptions[].DhcpConfigurations[?Key=='domain-name-servers']"`,
        ),
      },
      {
        say: 'For name servers of your own, let the security group of the task reach them on port 53:',
        run: page('networking.md#security-groups'),
      },
    ],
  },
  'nothing-listens': {
    title: 'the database server does not listen',
    happened: (values) => `nothing listens on ${serverOf(values, 'host and port of the database')}`,
    likelyCause: 'The host answered, so the network is right. The server is down, restarting, or has another port.',
    action: 'Start the server, or correct port of the database.',
    steps: (context) => [
      rdsInstances(
        context,
        `See whether the server runs and listens on port ${context.values.port ?? '$PORT'}. On RDS:`,
        'Endpoint.Port,DBInstanceStatus',
      ),
      { say: 'If it has another port now, correct port of the database, and deploy.' },
    ],
  },
  'connection-lost': {
    title: 'the connection to the database server broke',
    happened: (values) => `the connection to ${serverOf(values, 'the database server')} broke before the dump`,
    likelyCause:
      'The server was restarted, changed over to its standby or ran out of memory, or something between the task and the server cut the connection. The run has tried it twice.',
    action: 'See whether the server runs, then make a backup.',
    steps: (context) => [
      rdsInstances(context, 'See whether the server runs. On RDS:', 'DBInstanceStatus'),
      {
        say: 'See what the server wrote to its error log at that time. If it was restarted for maintenance, move the schedule of the backup away from it.',
      },
    ],
  },
  'no-answer': {
    title: 'the database server did not answer',
    happened: (values) => `${serverOf(values, 'the database server')} did not answer`,
    likelyCause:
      'The security group of the database does not admit the task, or there is no route to it. If it worked until now, a security group was changed, or the server is gone.',
    action: 'Let the security group of the database admit the one of the task.',
    steps: (context) => [
      rdsInstances(
        context,
        `Find the security group of ${context.values.host ?? 'the database'}, for $DATABASE_GROUP. On RDS:`,
        'VpcSecurityGroups[].VpcSecurityGroupId',
      ),
      {
        say: 'Find the security group of the task, for $GROUP. If none is shown, it is the one in securityGroups of your code:',
        run: context.aws(
          'ec2 describe-security-groups',
          `--filters ${arg(`Name=description,Values=Backup of ${context.about}`)}`,
          '--query "SecurityGroups[].GroupId"',
          '--output text',
        ),
      },
      {
        say: 'Admit the task. If the rule exists already, look at the route instead:',
        run: context.aws(
          'ec2 authorize-security-group-ingress',
          '--group-id "$DATABASE_GROUP"',
          '--protocol tcp',
          `--port ${context.values.port ?? '"$PORT"'}`,
          '--source-group "$GROUP"',
        ),
      },
      { say: 'To keep the rule, add it to your code as well:', run: page('networking.md#security-groups') },
      SLEEPING,
    ],
  },
  'not-ready': {
    title: 'the database server is not ready',
    happened: (values) => `${serverOf(values, 'the database server')} ended the connection at once`,
    likelyCause:
      'The server is starting, recovering or out of memory, or a load balancer or proxy in front of it has no server.',
    action: 'See whether the server runs, and what its log says.',
    steps: (context) => [
      rdsInstances(context, 'See whether the server is available. On RDS:', 'DBInstanceStatus'),
      { say: 'Read the log of the server from the time of the run, and of whatever stands in front of it.' },
      SLEEPING,
    ],
  },
  'certificate-expired': {
    title: "the server's certificate has expired",
    happened: (values) => `the certificate of ${serverOf(values)} has expired`,
    likelyCause: 'Nobody renewed the certificate.',
    action: 'Renew the certificate of the server.',
    steps: (context) => [
      showCertificate(context),
      rdsInstances(
        context,
        'Renew it on the server. On RDS, see which certificate authority it uses:',
        'CACertificateIdentifier,CertificateDetails.ValidTill',
      ),
      {
        say: 'Then give it a new certificate ($INSTANCE from the output above; some engines restart):',
        run: context.aws(
          'rds modify-db-instance',
          '--db-instance-identifier "$INSTANCE"',
          '--ca-certificate-identifier rds-ca-rsa2048-g1',
          '--apply-immediately',
        ),
      },
    ],
  },
  'certificate-name': {
    title: "the server's certificate is for another name",
    happened: ({ host }) => `the certificate of the server is not for ${host ?? 'the name in host'}`,
    likelyCause: 'The backup reaches the server by an address or an alias that its certificate does not contain.',
    action: 'Use a name that the certificate contains as host of the database.',
    steps: (context) => [
      showCertificate(context),
      { say: 'Use one of its names as host of the database, and deploy.' },
    ],
  },
  'certificate-untrusted': {
    title: "the server's certificate is not trusted",
    happened: (values) =>
      `the certificate of ${serverOf(values)} is signed by an authority that the backup does not trust`,
    likelyCause: 'The certificate was renewed by another authority, or this is another server.',
    action: 'Give the authority of the certificate with DatabaseTls.certificateAuthority.',
    steps: (context) => [
      showCertificate(context),
      {
        say: 'Give the authority that signed it with DatabaseTls.certificateAuthority(pem), and deploy. For RDS, use DatabaseTls.amazonRds(), or the bundle of the Region if that is what you use:',
        run: page('tls.md#rds-and-aurora'),
      },
    ],
  },
  'certificate-self-signed': {
    title: "the server's certificate is self-signed",
    happened: (values) => `the certificate of ${serverOf(values)} is self-signed`,
    likelyCause: 'A database server in a stock container creates a certificate by itself, which no client can verify.',
    action: 'Give the server a certificate for its name, and the backup the same certificate.',
    steps: (context, ofEngine) => [
      showCertificate(context),
      makeCertificate(context.values),
      ...ofEngine,
      {
        say: "Give server-cert.pem to the backup with DatabaseTls.certificateAuthority(readFileSync('server-cert.pem', 'utf8')), and deploy:",
        run: page('networking.md'),
      },
    ],
  },
  'tls-not-offered': {
    title: 'the server offers no TLS',
    happened: (values) => `${serverOf(values)} offers no TLS`,
    likelyCause: 'The server was set up again without TLS, or this is another server.',
    action: 'Enable TLS on the server.',
    steps: (_, ofEngine) => [
      ...ofEngine,
      {
        say: 'Enable TLS on the server. If clear text is acceptable in your network, use DatabaseTls.off(reason) instead, and deploy.',
      },
    ],
  },
};

/** The database was reached, and let nobody in. */
export const LOGIN_REASONS: ReasonTable<'login-refused' | 'no-connection-left'> = {
  'login-refused': {
    title: 'the server refused the login',
    happened: (values) =>
      `${serverOf(values)} refused the login${values.account === undefined ? '' : ` of ${values.account}`}`,
    likelyCause:
      'The password was changed in one place only, the user is gone, or it may not log in from the address of the run, or not without TLS.',
    action: "Fix whichever is wrong: the server's password or the secret's.",
    steps: (context, ofEngine) => [
      definition(context, 'See which secret the run reads:', 'secrets'),
      {
        say: `See when the secret was last changed ($SECRET: ${context.problem.command ? 'secret_id in the script' : 'its valueFrom, without :username:: or :password:: at the end'}):`,
        run: context.aws(
          'secretsmanager describe-secret',
          '--secret-id "$SECRET"',
          '--query "[LastChangedDate,LastRotatedDate]"',
        ),
      },
      {
        say: 'Try the user and password of the secret from another machine, and fix whichever is wrong. The next run reads the secret again.',
      },
      ...ofEngine,
    ],
  },
  'no-connection-left': {
    title: 'the server has no free connection',
    happened: (values) => `${serverOf(values)} has no free connection`,
    likelyCause:
      'All connections of the server are in use; a run opens up to four. Most often an application does not close its own.',
    action: 'Free connections, or raise the limit of the server.',
    steps: (_, ofEngine) => [
      ...ofEngine,
      { say: 'If it happens at one time of the day only, move the schedule of the backup.' },
    ],
  },
};
