// Stands for the AWS CLI: the commands of the script of runs on instances, answered by the emulated services.
const { GetSecretValueCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager');
const { AssumeRoleCommand, STSClient } = require('@aws-sdk/client-sts');

const [service, command, ...rest] = process.argv.slice(2);
const options = Object.fromEntries(
  rest.flatMap((word, index) => (word.startsWith('--') ? [[word.slice(2), rest[index + 1]]] : [])),
);

async function answer() {
  switch (`${service} ${command}`) {
    case 'sts assume-role': {
      const request = { RoleArn: options['role-arn'], RoleSessionName: options['role-session-name'] };
      const { Credentials } = await new STSClient().send(new AssumeRoleCommand(request));
      const { SecretAccessKey, SessionToken, Expiration } = Credentials;
      // The emulator knows who asks by the name of the role.
      const AccessKeyId = options['role-arn'].split('/').at(-1);
      if (options.output === 'text') return [AccessKeyId, SecretAccessKey, SessionToken].join('\t');
      return JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey, SessionToken, Expiration });
    }
    case 'secretsmanager get-secret-value': {
      const request = new GetSecretValueCommand({ SecretId: options['secret-id'] });
      return (await new SecretsManagerClient().send(request)).SecretString;
    }
    case 'ecr get-login-password':
      return 'password';
    default:
      throw new Error(`the stand-in knows no aws ${service} ${command}`);
  }
}

answer().then(
  (text) => process.stdout.write(`${text}\n`),
  (error) => {
    process.stderr.write(`\nAn error occurred (${error.name}): ${error.message}\n`);
    process.exitCode = 254;
  },
);
