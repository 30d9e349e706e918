import { type Listener, listenAt } from './listeners.ts'
import type { Dial } from './outbound.ts'
import type { Address } from './routes.ts'

/** Makes Services that real Pods stand behind reachable on this machine, at their ClusterIPs: those are loopback addresses. */
export function serviceDoors(dial: Dial) {
  const open = new Map<string, Listener>()
  const problems = new Map<string, string>()
  const shut = (key: string): void => {
    open.get(key)?.close()
    open.delete(key)
    problems.delete(key)
  }
  const unlock = async (key: string, one: Address): Promise<void> => {
    try {
      open.set(key, await listenAt(one.address, one.port, () => dial(one)))
      problems.delete(key)
    } catch (error) {
      problems.set(key, error instanceof Error ? error.message : String(error))
    }
  }
  return {
    /** Opens what is new, closes what is over. */
    async keep(addresses: readonly Address[]): Promise<void> {
      const wanted = new Map(addresses.map((one) => [`${one.address}:${one.port}`, one]))
      for (const key of [...open.keys(), ...problems.keys()]) if (!wanted.has(key)) shut(key)
      for (const [key, one] of wanted) if (!open.has(key)) await unlock(key, one)
    },
    problems: (): readonly string[] => [...problems.values()],
    close(): void {
      for (const key of [...open.keys()]) shut(key)
    },
  }
}
