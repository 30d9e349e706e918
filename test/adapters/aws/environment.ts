import { afterEach } from 'vitest'

const saved: (() => void)[] = []
afterEach(() => {
  for (const restore of saved.splice(0).reverse()) restore()
})

/** Sets environment variables until the test ends; every other `AWS_*` variable is gone until then. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  saved.push(() => {
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, before)
  })
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  Object.assign(process.env, variables)
}
