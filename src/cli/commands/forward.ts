import type { Endpoint } from '../../../steps/endpoints.ts'
import { type Forward, startForward } from '../../adapters/kube/forwarder.ts'
import { PreflightError, UsageError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'
import { endpointsNamed } from '../run/endpoints.ts'
import { type Session, withSession } from '../run/session.ts'

interface Wanted {
  readonly endpoint: Endpoint
  readonly local: { readonly port: number; readonly exact: boolean }
}

/** `llmgw forward`: ports of this machine that lead into the cluster, until Ctrl-C. @returns exit code */
export async function forward(words: readonly string[], flags: GlobalFlags, host: Host): Promise<number> {
  const wanted = words.map(parse)
  const request = {
    command: `forward ${words.join(' ')}`,
    flags: { ...flags, deep: false },
    host,
    endless: true,
    readOnly: true,
  }
  return await withSession(request, (session) => run(session, wanted))
}

/** `litellm`, or `litellm=4001` for a port of one's own. */
function parse(word: string): Wanted {
  const [name = '', text] = word.split('=')
  const [endpoint] = endpointsNamed([name])
  if (endpoint === undefined) throw new Error('every name gives an endpoint, or throws')
  if (text === undefined) return { endpoint, local: { port: endpoint.localPort, exact: false } }
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new UsageError('BadPort', `${name}=${text} names no port; expected a number from 1 to 65535`, {
      hint: `e.g. ${name}=${endpoint.localPort}; or only ${name}`,
    })
  return { endpoint, local: { port, exact: true } }
}

async function run(session: Session, wanted: readonly Wanted[]): Promise<number> {
  const { stop, guarded, request, world } = session
  for (const { endpoint } of wanted) await refuseMissing(session, endpoint)
  const streams = await guarded.connection.streams()
  const forwards: { readonly name: string; readonly forward: Forward }[] = []
  try {
    for (const one of wanted) forwards.push(await start(session, one, streams))
    await session.stage.close()
    if (world.sandbox !== undefined) session.print(SANDBOX)
    for (const { name, forward: own } of forwards) session.print(`${name.padEnd(12)}  http://${own.host}:${own.port}`)
    session.print('Ctrl-C ends it')
    session.printJson({
      command: request.command,
      target: guarded.target,
      forwards: forwards.map(({ name, forward: own }) => ({ name, url: `http://${own.host}:${own.port}` })),
    })
    await ended(stop.signal)
    return 0
  } finally {
    await Promise.all(forwards.map(({ forward: own }) => own.close()))
  }
}

const SANDBOX = 'in the sandbox most pods are simulated: a connection to one is refused, and why is said here'

async function start(
  session: Session,
  { endpoint, local }: Wanted,
  streams: Awaited<ReturnType<Session['guarded']['connection']['streams']>>,
) {
  const { ctx, stop, request } = session
  const target = {
    namespace: ctx.config.namespaces[endpoint.namespace],
    service: endpoint.service,
    port: endpoint.port,
  }
  const report = (line: string): void => void request.host.stderr.write(`${endpoint.name}: ${line}\n`)
  const own = await startForward({ kube: ctx.kube, streams, target, local, signal: stop.signal, report })
  return { name: endpoint.name, forward: own }
}

async function refuseMissing({ ctx, stop }: Session, { name, namespace, service, component }: Endpoint): Promise<void> {
  const home = ctx.config.namespaces[namespace]
  if (
    (await ctx.kube.find({ apiVersion: 'v1', kind: 'Service', namespace: home, name: service }, stop.signal)) !==
    undefined
  )
    return
  throw new PreflightError('NotDeployed', `${name}: Service ${home}/${service} is not there`, {
    hint: `llmgw deploy ${component}`,
  })
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
