import { connectApi } from '../../src/sandbox/control-plane/api.ts'
import type { SandboxConnection } from '../../src/sandbox/index.ts'

/** Calls the API server and gives the answer's object. @throws Error with the server's message unless it says 2xx */
export async function kube<T>(
  connection: SandboxConnection,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const api = await connectApi(connection)
  try {
    const { status, text } = await api.call(method, path, body)
    const answer = JSON.parse(text) as T & { message?: string }
    if (status >= 300) throw new Error(answer.message ?? text)
    return answer
  } finally {
    api.close()
  }
}

/** Looks until it sees something; the deadline is the test's own. What was seen last is told when that comes. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, deadlineMs = 60_000): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > deadline) throw new Error(`not seen within ${deadlineMs / 1000} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
