import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Api } from '../../../src/sandbox/control-plane/api.ts'
import { createReplica } from '../../../src/sandbox/runtime/replica.ts'
import type { PodSeen } from '../../../src/sandbox/runtime/status.ts'
import { pod } from './pods.ts'

interface Told {
  readonly containerStatuses: readonly { readonly ready: boolean }[]
}

/** Emits `told` with each status that is written. */
function listening() {
  const written = new EventEmitter()
  const api: Api = {
    async call(_method, _path, body) {
      const { status } = body as { readonly status: Told }
      written.emit(
        'told',
        status.containerStatuses.map(({ ready }) => ready),
      )
      return { status: 200, text: JSON.stringify({ ...PLAIN, status }) }
    },
    close: () => undefined,
  }
  return { api, written }
}

const PLAIN = pod()

const state = (ready: boolean): PodSeen => ({
  address: '10.0.0.1',
  hostAddress: '127.0.0.1',
  startTime: '2026-01-01T00:00:00Z',
  init: [],
  containers: PLAIN.spec.containers.map(({ name, image }) => ({
    name,
    image,
    state: ready ? { running: { startedAt: '2026-01-01T00:00:00Z' } } : { waiting: { reason: 'ContainerCreating' } },
    restarts: 0,
    ready,
    started: ready,
  })),
})

describe('a Pod without processes of its own', () => {
  it('follows the real one that took the place of the one before', async () => {
    const { api, written } = listening()
    const known = new Map<string, PodSeen>()
    const replica = createReplica(api, PLAIN, (uid) => known.get(uid))
    const first = once(written, 'told')
    replica.update(PLAIN, 'one-that-ends')
    expect((await first).flat()).toEqual([false])
    known.set('its-successor', state(true))
    const second = once(written, 'told')
    replica.update(replica.pod, 'its-successor')
    expect((await second).flat()).toEqual([true])
  })
})
