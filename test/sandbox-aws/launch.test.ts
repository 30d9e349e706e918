import { describe, expect, test } from 'vitest'
import { externalSecrets } from '../../src/sandbox/operators/catalog/external-secrets.ts'
import { gatekeeper } from '../../src/sandbox/operators/catalog/gatekeeper.ts'
import type { OperatorDefinition } from '../../src/sandbox/operators/definition.ts'
import { flagsInHelp, launchArgs } from '../../src/sandbox/operators/launch.ts'

const addresses = {
  probePort: 21000,
  webhookPort: 21001,
  metricsPort: 21002,
  certDir: '/certs',
  scratchDir: '/scratch',
}
const known = new Set(['concurrent', 'loglevel', 'dns-name', 'check-interval'])

function roleOf(operator: OperatorDefinition, name: string) {
  const role = operator.roles[name]
  if (role === undefined) throw new Error(`no role ${name}`)
  return role
}

describe('launchArgs', () => {
  test("keeps the chart's settings and moves every address to loopback", () => {
    const chart = ['--enable-leader-election=true', '--concurrent=5', '--metrics-addr=:8080', '--live-addr=:8082']
    expect(launchArgs(roleOf(externalSecrets, 'external-secrets'), chart, { known, addresses })).toEqual({
      args: ['--concurrent=5', '--metrics-addr=0', '--live-addr=127.0.0.1:21000', '--store-requeue-interval=10s'],
      unknown: [],
    })
  })

  test('leaves out flags of a newer version, and names them', () => {
    const { args, unknown } = launchArgs(roleOf(externalSecrets, 'external-secrets'), ['--enable-moonlight=true'], {
      known,
      addresses,
    })
    expect(unknown).toEqual(['enable-moonlight'])
    expect(args.join(' ')).not.toContain('moonlight')
  })

  test('gives the webhook its command, port and certificate', () => {
    const chart = ['webhook', '--port=10250', '--dns-name=a.b.svc', '--cert-dir=/tmp/certs', '--healthz-addr=:8081']
    expect(launchArgs(roleOf(externalSecrets, 'external-secrets-webhook'), chart, { known, addresses }).args).toEqual([
      'webhook',
      '--dns-name=a.b.svc',
      '--metrics-addr=0',
      '--healthz-addr=127.0.0.1:21000',
      '--port=21001',
      '--cert-dir=/certs',
    ])
  })
})

test('every address of every operator is on loopback, whatever its chart says', () => {
  const chart = [
    '--port=8443',
    '--host=0.0.0.0',
    '--health-addr=:9090',
    '--prometheus-port=8888',
    '--operation=webhook',
  ]
  const flags = new Set(['port', 'host', 'health-addr', 'prometheus-port', 'operation'])
  expect(launchArgs(roleOf(gatekeeper, 'webhook'), chart, { known: flags, addresses })).toEqual({
    args: [
      '--operation=webhook',
      '--health-addr=127.0.0.1:21000',
      '--host=127.0.0.1',
      '--port=21001',
      '--cert-dir=/certs',
      '--prometheus-port=21002',
      '--shutdown-delay=0',
    ],
    unknown: [],
  })
})

test('flagsInHelp reads flags of the standard library', () => {
  const help = 'Usage of /manager:\n  -add_dir_header\n    \tIf true, x\n  -audit-interval uint\n    \tInterval\n'
  expect([...flagsInHelp(help)]).toEqual(['add_dir_header', 'audit-interval'])
})

test('flagsInHelp reads long flags, with and without a short form', () => {
  const help = 'Flags:\n      --live-addr string   x (default ":8082")\n  -h, --help   help for --nothing\n'
  expect([...flagsInHelp(help)]).toEqual(['live-addr', 'help'])
})
