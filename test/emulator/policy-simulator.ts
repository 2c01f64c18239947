import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand } from '@aws-sdk/client-iam';
import type { Statement } from '../support/role-policy';
import { isAllowed } from '../support/role-policy';
import type { Emulator } from './emulator';

/** SimulatePrincipalPolicy, which the emulated IAM does not know: decides by the inline policies of its roles. */
export class PolicySimulator {
  private readonly iam: IAMClient;
  private readonly server = createServer((request, response) => {
    void this.answer(request).then((body) => response.end(body));
  });

  constructor(emulator: Emulator) {
    this.iam = new IAMClient(emulator.client);
  }

  /** @returns its address */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage): Promise<string> {
    const form = new URLSearchParams(await text(request));
    const list = (name: RegExp): string[] => [...form].flatMap(([key, value]) => (name.test(key) ? [value] : []));
    const names = list(/^ContextEntries\.member\.\d+\.ContextKeyName$/);
    const values = list(/^ContextEntries\.member\.\d+\.ContextKeyValues\.member\.1$/);
    const context = Object.fromEntries(names.map((name, index) => [name, values[index]!]));
    const statements = await this.statementsOf(form.get('PolicySourceArn')!.split('/').at(-1)!);
    const members = list(/^ActionNames/).map((action) => {
      const specific = list(/^ResourceArns/).map((resource) => {
        const decision = isAllowed({ action, resource, context }, statements) ? 'allowed' : 'implicitDeny';
        return `<member><EvalResourceName>${resource}</EvalResourceName><EvalResourceDecision>${decision}</EvalResourceDecision></member>`;
      });
      return `<member><EvalActionName>${action}</EvalActionName><ResourceSpecificResults>${specific.join('')}</ResourceSpecificResults></member>`;
    });
    return `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>${members.join('')}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
  }

  private async statementsOf(RoleName: string): Promise<Statement[]> {
    const { PolicyNames = [] } = await this.iam.send(new ListRolePoliciesCommand({ RoleName }));
    const documents = PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument } = await this.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return (JSON.parse(decodeURIComponent(PolicyDocument!)) as { Statement: Statement | Statement[] }).Statement;
    });
    return (await Promise.all(documents)).flat();
  }
}
