import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { plainContext } from '../../../src/adapters/kube/plain-kubeconfig.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'llmgw-kubeconfig-test-'))
  await writeFile(join(dir, 'ca.pem'), 'CA')
})
afterAll(async () => await rm(dir, { recursive: true, force: true }))

const base64 = (text: string) => Buffer.from(text).toString('base64')

async function written(cluster: object, user: object): Promise<string> {
  const path = join(dir, 'config')
  const file = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'other',
    contexts: [
      { name: 'other', context: { cluster: 'other', user: 'other' } },
      { name: 'wanted', context: { cluster: 'c', user: 'u', namespace: 'default' } },
    ],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
  }
  await writeFile(path, stringify(file))
  return path
}

describe('a kubeconfig context', () => {
  test('with certificates, inline and beside the file', async () => {
    const path = await written(
      { server: 'https://127.0.0.1:6443', 'certificate-authority': 'ca.pem', 'tls-server-name': 'api' },
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    )
    expect(await plainContext(path, 'wanted')).toEqual({
      server: 'https://127.0.0.1:6443',
      tls: { ca: Buffer.from('CA'), cert: Buffer.from('CERT'), key: Buffer.from('KEY'), servername: 'api' },
    })
  })

  test('with a token and no verification', async () => {
    const path = await written(
      { server: 'https://127.0.0.1:6443', 'insecure-skip-tls-verify': true, 'proxy-url': 'http://127.0.0.1:3128' },
      { token: 'abc' },
    )
    expect(await plainContext(path, 'wanted')).toEqual({
      server: 'https://127.0.0.1:6443',
      proxyUrl: 'http://127.0.0.1:3128',
      token: 'abc',
      tls: { rejectUnauthorized: false },
    })
  })

  test.each([
    ['runs a credential plugin', {}, { exec: { command: 'aws' } }],
    ['impersonates', {}, { token: 'abc', as: 'someone' }],
    ['has a password', {}, { username: 'a', password: 'b' }],
    ['turns something on that is not known here', { 'disable-compression': true }, { token: 'abc' }],
    ['names a certificate that is not there', { 'certificate-authority': 'gone.pem' }, { token: 'abc' }],
  ])('that %s is left to the Kubernetes client', async (_what, cluster, user) => {
    const path = await written({ server: 'https://127.0.0.1:6443', ...cluster }, user)
    expect(await plainContext(path, 'wanted')).toBeUndefined()
  })

  test('that is not in the file, and a file that is not there, are left to the Kubernetes client', async () => {
    const path = await written({ server: 'https://127.0.0.1:6443' }, { token: 'abc' })
    expect(await plainContext(path, 'absent')).toBeUndefined()
    expect(await plainContext(join(dir, 'nowhere'), 'wanted')).toBeUndefined()
  })
})
