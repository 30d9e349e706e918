import { type Answers, defaultModels, type Field, fieldFault } from '../../config/starter-file.ts'
import { askOne, askSeveral, askText } from '../../ui/form.ts'
import type { Host } from '../host.ts'
import { askAccount } from './account-offers.ts'
import type { Given } from './given.ts'

interface Known {
  /** Not asked any more. */
  readonly byFlag: Given
  /** Offered as defaults. */
  readonly byEnvironment: Given
}

interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** Ends the question that is put. */
  readonly signal: AbortSignal
}

/**
 * Answers from the terminal, with what the environment and the account offer as defaults.
 * @throws AbortedError on Ctrl-C, and when `signal` aborts
 */
export async function askAnswers({ byFlag, byEnvironment }: Known, host: Host, signal: AbortSignal): Promise<Answers> {
  const terminal = { input: host.stdin, output: host.stdout, signal }
  const text = async (field: Field, message: string, offered: string | undefined) =>
    byFlag[field] ??
    (await askText({ message, default: offered, fault: (typed) => fieldFault(field, typed) }, terminal))
  const preset = byFlag.preset ?? (await askPreset(byEnvironment.preset, terminal))
  const region = await text('region', 'AWS region:', byEnvironment.region)
  const offers = await askAccount(region, host)
  for (const line of offers.silences) host.stdout.write(`${line}\n`)
  const accountId = byFlag.accountId ?? (await askAccountId(byEnvironment.accountId ?? offers.accountId, terminal))
  const chosen = byFlag.cluster ?? (await chooseCluster(offers.clusters, byEnvironment.cluster, terminal))
  const cluster = chosen ?? (await text('cluster', 'Name of the EKS cluster:', byEnvironment.cluster))
  const deployment = await text('deployment', 'Name of this deployment:', byEnvironment.deployment ?? 'llmgw')
  const models = await askModels(defaultModels(preset, region), { region, terminal })
  return { preset, region, accountId, cluster, deployment, models }
}

async function askPreset(offered: Answers['preset'] | undefined, terminal: Terminal): Promise<Answers['preset']> {
  const choices = [
    { name: 'platform: PostgreSQL, Redis HA, OIDC login', value: 'platform' },
    { name: 'lean: one namespace, no database, no cache, local accounts', value: 'lean' },
  ] as const
  return await askOne<Answers['preset']>({ message: 'Preset:', choices, default: offered }, terminal)
}

/** Empty = not pinned. */
async function askAccountId(offered: string | undefined, terminal: Terminal): Promise<string | undefined> {
  const message = 'AWS account id that runs are pinned to (empty: not pinned):'
  const fault = (typed: string) => (typed === '' ? undefined : fieldFault('accountId', typed))
  return (await askText({ message, default: offered, fault }, terminal)) || undefined
}

/** Undefined: another one than those that the account shows. */
async function chooseCluster(
  clusters: readonly string[],
  offered: string | undefined,
  terminal: Terminal,
): Promise<string | undefined> {
  if (clusters.length === 0) return undefined
  const choices = [...clusters.map((name) => ({ name, value: name })), { name: 'another one', value: '' }]
  return (await askOne({ message: 'EKS cluster:', choices, default: offered }, terminal)) || undefined
}

async function askModels(
  models: Answers['models'],
  { region, terminal }: { readonly region: string; readonly terminal: Terminal },
): Promise<Answers['models']> {
  if (models.length === 0) {
    terminal.output.write(`there are no default models in ${region}: list them in the file\n`)
    return []
  }
  const choices = models.map((model) => ({ name: `${model.name} (${model.model})`, value: model }))
  return await askSeveral({ message: 'Models:', choices }, terminal)
}
