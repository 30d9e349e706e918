import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
}

/** `npm ci` refuses a lock file without the packages of other platforms, which a registry that lags behind leaves out. */
function absentOptional({ packages }: Lock): readonly string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`],
    ),
  )
}

test('the lock file lists the packages of every platform', async () => {
  const lock = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8')) as Lock
  expect(absentOptional(lock)).toEqual([])
})

test('an absent one is found', () => {
  const packages = { 'node_modules/tool': { optionalDependencies: { 'tool-darwin': '1.0.0' } } }
  expect(absentOptional({ packages })).toEqual(['tool-darwin'])
})
