import { describe, expect, test } from 'vitest'
import { flagsInHelp, launchArgs } from '../../src/sandbox/operators/launch.ts'

const addresses = { probePort: 21000, webhookPort: 21001, certDir: '/certs' }
const known = new Set(['concurrent', 'loglevel', 'dns-name', 'check-interval'])

describe('launchArgs', () => {
  test("keeps the chart's settings and moves every address to loopback", () => {
    const chart = ['--enable-leader-election=true', '--concurrent=5', '--metrics-addr=:8080', '--live-addr=:8082']
    expect(launchArgs('external-secrets', chart, { known, addresses })).toEqual({
      args: ['--concurrent=5', '--metrics-addr=0', '--live-addr=127.0.0.1:21000', '--store-requeue-interval=10s'],
      unknown: [],
    })
  })

  test('leaves out flags of a newer version, and names them', () => {
    const { args, unknown } = launchArgs('external-secrets', ['--enable-moonlight=true'], { known, addresses })
    expect(unknown).toEqual(['enable-moonlight'])
    expect(args.join(' ')).not.toContain('moonlight')
  })

  test('gives the webhook its command, port and certificate', () => {
    const chart = ['webhook', '--port=10250', '--dns-name=a.b.svc', '--cert-dir=/tmp/certs', '--healthz-addr=:8081']
    expect(launchArgs('external-secrets-webhook', chart, { known, addresses }).args).toEqual([
      'webhook',
      '--dns-name=a.b.svc',
      '--metrics-addr=0',
      '--healthz-addr=127.0.0.1:21000',
      '--port=21001',
      '--cert-dir=/certs',
    ])
  })
})

test('flagsInHelp reads long flags, with and without a short form', () => {
  const help = 'Flags:\n      --live-addr string   x (default ":8082")\n  -h, --help   help for --nothing\n'
  expect([...flagsInHelp(help)]).toEqual(['live-addr', 'help'])
})
