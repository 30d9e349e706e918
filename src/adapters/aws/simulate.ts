import type { Iam } from '../../ports/index.ts'
import { allPages } from './call.ts'
import type { IamSession } from './iam-session.ts'

type Request = Parameters<Iam['simulate']>[0]

/** What IAM would decide, all pages. Source: IAM API reference, SimulatePrincipalPolicy. */
export function simulate({ call, load }: IamSession, request: Request, signal?: AbortSignal) {
  const { principal, actions, resources, context = {} } = request
  const about = { service: 'iam', operation: 'SimulatePrincipalPolicy', object: `principal ${principal}` }
  return call(about, signal, async (abortSignal) => {
    const { sdk, client } = await load()
    return await allPages(async (Marker) => {
      const input = {
        PolicySourceArn: principal,
        ActionNames: [...actions],
        ResourceArns: [...resources],
        ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
          ContextKeyName,
          ContextKeyType: 'string' as const,
          ContextKeyValues: [value],
        })),
        Marker,
      }
      const page = await client.send(new sdk.SimulatePrincipalPolicyCommand(input), { abortSignal })
      const items = (page.EvaluationResults ?? []).map(({ EvalActionName, EvalResourceName, EvalDecision }) => ({
        action: EvalActionName ?? '',
        resource: EvalResourceName ?? '*',
        allowed: EvalDecision === 'allowed',
      }))
      return { items, next: page.IsTruncated ? page.Marker : undefined }
    })
  })
}
