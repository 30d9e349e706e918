import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsPart, prepareAws } from '../../src/sandbox/aws/index.ts'
import { childEnvironment } from '../../src/sandbox/environment.ts'
import { cacheDir } from '../../src/sandbox/folders.ts'
import type { SandboxWorld } from '../../src/sandbox/part.ts'
import { freePort } from '../../src/sandbox/ports.ts'
import { fakeAccount, oidcIssuer } from '../../src/sandbox/settings.ts'

const silent = (): void => undefined
const patience = new AbortController().signal

/** An emulator without a cluster: the test signs the tokens itself. */
export async function startEmulator(name: string) {
  const dir = await mkdtemp(join(tmpdir(), 'llmgw-aws-test-'))
  const world: SandboxWorld = {
    name,
    dir,
    kubeconfig: join(dir, 'kubeconfig'),
    serviceRange: '127.254.0.0/16',
    oidcIssuer: oidcIssuer(name),
    aws: fakeAccount(await freePort()),
    tools: { python: await prepareAws(cacheDir(process.env), silent, patience) },
    environment: childEnvironment(process.env),
  }
  const signer = await newSigner(dir)
  await awsPart.start(world, silent, patience)
  return {
    world,
    signer,
    /** What every SDK client of the administrator is made with. */
    client: {
      endpoint: world.aws.endpoint,
      region: world.aws.region,
      credentials: { accessKeyId: world.aws.accessKeyId, secretAccessKey: world.aws.secretAccessKey },
      maxAttempts: 1,
    },
    restart: async () => {
      await awsPart.stop(world)
      await awsPart.start(world, silent, patience)
    },
    end: async () => {
      await awsPart.stop(world)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Publishes a key pair as the cluster's and signs tokens with it. */
export async function newSigner(dir: string) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' }] }
  await writeFile(join(dir, 'jwks.json'), JSON.stringify(jwks))
  return (claims: object, key: KeyObject = privateKey, header: object = { alg: 'RS256', kid: 'test' }): string => {
    const content = `${encode(header)}.${encode(claims)}`
    const signature = createSign('RSA-SHA256').update(content).sign(key).toString('base64url')
    return `${content}.${signature}`
  }
}
