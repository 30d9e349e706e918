import { createHash } from 'node:crypto'
import type { Api } from '../control-plane/api.ts'
import type { Pod } from './objects.ts'
import { timestamp } from './status.ts'

/** Says things about Pods as a kubelet does; the same again counts up. Source: k8s.io/client-go/tools/record. */
export function eventRecorder(api: Api) {
  const counts = new Map<string, number>()
  return {
    async warn({ metadata, spec }: Pod, reason: string, message: string): Promise<void> {
      const key = createHash('sha256').update([metadata.uid, reason, message].join('\n')).digest('hex').slice(0, 16)
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      const path = `/api/v1/namespaces/${metadata.namespace}/events`
      const now = timestamp()
      const name = `${metadata.name}.${key}`
      if (count > 1) {
        const { status } = await api.call('PATCH', `${path}/${name}`, { count, lastTimestamp: now })
        if (status !== 404) return
      }
      await api.call('POST', path, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: metadata.namespace },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name: metadata.name,
          namespace: metadata.namespace,
          uid: metadata.uid,
        },
        type: 'Warning',
        reason,
        message: message.slice(0, 1000),
        count,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: 'kubelet', host: spec.nodeName },
      })
    },
  }
}

export type EventRecorder = ReturnType<typeof eventRecorder>
