import { hostId, identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** Names a run so that another one on the same host can tell whether it still lives: `<host>.<pid>.<start time>`. */
export async function ownRunId(): Promise<string> {
  const own = await identify(process.pid)
  return [await hostId(), process.pid, own?.startTime ?? '0'].join('.').slice(0, 63)
}

function parse(run: string): { readonly host: string; readonly process: ProcessIdentity } | undefined {
  const match = /^([0-9a-f]{12})\.(\d+)\.([0-9a-f]+)$/.exec(run)
  if (match === null) return undefined
  const [, host = '', pid, startTime = ''] = match
  return { host, process: { pid: Number(pid), startTime } }
}

/** `elsewhere`: made on another host, in another container, before a reboot, or not by us. */
export async function runState(run: string | undefined): Promise<'own' | 'alive' | 'dead' | 'elsewhere'> {
  const named = parse(run ?? '')
  if (named === undefined || named.host !== (await hostId())) return 'elsewhere'
  if (run === (await ownRunId())) return 'own'
  return (await isAlive(named.process)) ? 'alive' : 'dead'
}
