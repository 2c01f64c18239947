import type { LambdaClient } from '@aws-sdk/client-lambda';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CommandError } from '../errors';
import { ask } from './aws';

/**
 * Invokes a function, and waits for its answer.
 *
 * @returns the answer, in the form of the contract
 * @throws CommandError if the function cannot be invoked, or failed
 */
export async function invoke<Request extends object, Answer>(
  lambda: LambdaClient,
  functionName: string,
  request: Request,
): Promise<Answer> {
  const command = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(request)) });
  const wish = { doing: `invoke the function ${functionName}`, action: 'lambda:InvokeFunction' };
  const { FunctionError, Payload } = await ask(wish, () => lambda.send(command));
  const text = Payload?.transformToString() ?? '';
  if (FunctionError === undefined) return JSON.parse(text) as Answer;
  throw new CommandError(`the function ${functionName} failed: ${errorMessage(text)}`);
}

/** The message in Lambda's answer for a function that threw, timed out or was killed. */
function errorMessage(text: string): string {
  try {
    return (JSON.parse(text) as { errorMessage?: string }).errorMessage ?? text;
  } catch {
    return text;
  }
}
