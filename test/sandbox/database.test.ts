import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { madeUpValue } from '../../src/cli/sandbox-world.ts'
import { databaseUrl } from '../../src/sandbox/database/address.ts'
import { packageFile } from '../../src/sandbox/package-root.ts'
import { IMAGES } from '../../src/sandbox/runtime/programs.ts'
import { fakeWorld } from '../fakes/fake-world.ts'

interface KubeObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: {
    readonly ports?: readonly { readonly port: number }[]
    readonly template?: { readonly spec: { readonly containers: readonly { readonly image: string }[] } }
  }
  readonly data?: Readonly<Record<string, string>>
}

const objects = parse(
  await readFile(packageFile('sandbox', 'database', 'objects.yaml'), 'utf8'),
) as readonly KubeObject[]
const one = (kind: string) => objects.find((object) => object.kind === kind)

test('the address in Secrets Manager is that of the Service of the database', async () => {
  const { hostname, port } = new URL(await databaseUrl())
  const service = one('Service')
  expect(hostname).toBe(`${service?.metadata.name}.${service?.metadata.namespace}.svc.cluster.local`)
  expect([Number(port)]).toEqual(service?.spec?.ports?.map(({ port }) => port))
})

test('its pod is one that a real program can stand behind', () => {
  const images = one('StatefulSet')?.spec?.template?.spec.containers.map(({ image }) => image) ?? []
  expect(images.map((image) => new RegExp(IMAGES.postgres).test(image))).toEqual([true])
})

test('values that nobody gave lead there, Open WebUI to the database that is made for it', () => {
  const world = fakeWorld({ config: { preset: 'platform', ui: { kind: 'open-webui', database: 'postgresql' } } })
  const database = 'postgresql://litellm:word@postgres.somewhere:5432/litellm'
  const value = (name: string, there?: string) =>
    madeUpValue(world.config, name, { random: world.random, database: there })?.reveal()
  expect(value('litellm-database-url', database)).toBe(database)
  expect(value('webui-database-url', database)).toBe('postgresql://litellm:word@postgres.somewhere:5432/openwebui')
  expect(one('ConfigMap')?.data?.['open-webui.sql']).toContain('CREATE DATABASE openwebui;')
  expect(value('litellm-database-url')).toMatch(/^postgresql:.*\.invalid:/)
})
