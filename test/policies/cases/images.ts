import type { PolicyTable } from '../cases.ts'
import { container, deployment, inEveryKind, pod } from './objects.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const of = (image: string) => pod({ containers: [container({ image })] })
const restarts = (image: string, policy: string) => ({ restartPolicy: policy, containers: [container({ image })] })

const registries = [
  'ghcr.io/berriai',
  'docker.io/library/redis',
  'quay.io/',
  'registry.k8s.io',
  '*.dkr.ecr.*.amazonaws.com',
  'localhost:5000',
]

const allowed = (name: string, image: string) => ({ name, object: of(image), violations: [] })
const refused = (name: string, image: string, shown = image) => ({
  name,
  object: of(image),
  violations: [new RegExp(`^not from an allowed registry: app \\(${shown.replaceAll('.', '\\.')}\\)$`)],
})
const pinned = (name: string, image: string) => ({ name, object: of(image), violations: [] })
const unpinned = (name: string, image: string) => ({
  name,
  object: of(image),
  violations: [/^no fixed version: app \(/],
})

const EVIL = 'evil.example/x:1'
const clean = { containers: [container()] }

export const imageCases: readonly PolicyTable[] = [
  {
    policy: 'allowed-registries',
    title: 'references',
    parameters: { registries, exemptions: [] },
    cases: [
      allowed('below an allowed path', 'ghcr.io/berriai/litellm:v1'),
      allowed('deep below a registry', 'registry.k8s.io/kube-state-metrics/kube-state-metrics:v2'),
      allowed('below an entry that ends with a slash', 'quay.io/prometheus/node-exporter:v1'),
      allowed('exactly an allowed repository, by tag', 'docker.io/library/redis:7'),
      allowed('exactly an allowed repository, by digest', `docker.io/library/redis@${DIGEST}`),
      allowed('without a registry it is Docker Hub (defect 78)', 'redis:7'),
      allowed('with the other name of Docker Hub', 'index.docker.io/redis:7'),
      allowed(
        'the repository of an account in any region',
        '602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/coredns:v1',
      ),
      allowed('a registry with a port', 'localhost:5000/app:1'),
      refused('a longer name is another owner (defect 78)', 'ghcr.io/berriai-evil/x:1'),
      refused('a longer host is another host', 'registry.k8s.io.evil.example/x:1'),
      refused('a longer repository is another one', 'docker.io/library/redis-evil:1'),
      refused('an allowed name inside another registry', 'evil.example/ghcr.io/berriai/x:1'),
      refused('a user of Docker Hub', 'jaegertracing/jaeger:2', 'docker.io/jaegertracing/jaeger:2'),
      refused('an official image that is not listed', 'busybox:1', 'docker.io/library/busybox:1'),
      refused('another port of an allowed host', 'localhost:5001/app:1'),
    ],
  },
  {
    policy: 'allowed-registries',
    title: 'kinds and containers',
    parameters: { registries, exemptions: [] },
    cases: [
      ...inEveryKind(restarts(EVIL, 'Never')).map((object) => ({
        name: `the pod of a ${object.kind} is looked at (defect 77)`,
        object,
        violations: [/app \(evil\.example\/x:1\)/],
      })),
      {
        name: 'init and ephemeral containers are looked at, and all are named (defect 80)',
        object: pod({
          ...clean,
          initContainers: [container({ name: 'init', image: 'evil.example/i:1' })],
          ephemeralContainers: [container({ name: 'debug', image: 'evil.example/d:1' })],
        }),
        violations: [/: init \(evil\.example\/i:1\), debug \(evil\.example\/d:1\)$/],
      },
      {
        name: 'an update that leaves the pod as it is passes: a finaliser must come off',
        object: pod(restarts(EVIL, 'Never'), { labels: { touched: 'yes' } }),
        former: pod(restarts(EVIL, 'Never')),
        violations: [],
      },
      {
        name: 'scaling what was there before passes',
        object: deployment(restarts(EVIL, 'Always'), { labels: { scaled: 'yes' } }),
        former: deployment(restarts(EVIL, 'Always')),
        violations: [],
      },
      {
        name: 'a new template does not pass because it was bad before',
        object: deployment(restarts('evil.example/x:2', 'Always')),
        former: deployment(restarts(EVIL, 'Always')),
        violations: [/evil\.example\/x:2/],
      },
      {
        name: 'a debug container is judged by itself, in a pod that was there before',
        object: pod({ ...restarts(EVIL, 'Always'), ephemeralContainers: [container({ name: 'debug' })] }),
        former: pod(restarts(EVIL, 'Always')),
        violations: [],
      },
      {
        name: 'a bad debug container is refused in a pod that was there before',
        object: pod({
          ...restarts(EVIL, 'Always'),
          ephemeralContainers: [container({ name: 'debug', image: 'evil.example/d:1' })],
        }),
        former: pod(restarts(EVIL, 'Always')),
        violations: [/: debug \(evil\.example\/d:1\)$/],
      },
    ],
  },
  {
    policy: 'allowed-registries',
    title: 'exemptions',
    parameters: {
      registries: ['ghcr.io/berriai'],
      exemptions: [
        { images: ['602401143452.dkr.ecr.*.amazonaws.com/**'] },
        { images: ['**/busybox:*'] },
        { namespaces: ['legacy-*'] },
        { namespaces: ['monitoring'], names: ['probe-*'], containers: ['side-*'] },
      ],
    },
    cases: [
      allowed('two stars cross slashes', '602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/coredns:v1'),
      allowed('an image on Docker Hub, by its whole reference', 'busybox:1'),
      refused(
        'a star stays in its segment',
        '602401143452.dkr.ecr.us-east-1.evil.example/x.amazonaws.com/eks/coredns:v1',
      ),
      refused('the whole reference must match', 'ghcr.io/evil/not-busybox:1'),
      refused('a dot is a dot', '602401143452xdkr.ecr.us-east-1.amazonaws.com/x:1'),
      {
        name: 'a namespace',
        object: pod({ containers: [container({ image: EVIL })] }, { namespace: 'legacy-a' }),
        violations: [],
      },
      {
        name: 'namespace, name and container together',
        object: pod(
          { containers: [container({ image: EVIL, name: 'side-car' })] },
          { namespace: 'monitoring', name: 'probe-1' },
        ),
        violations: [],
      },
      {
        name: 'one container exempted does not exempt its neighbour',
        object: pod(
          { containers: [container({ image: EVIL, name: 'side-car' }), container({ image: EVIL, name: 'main' })] },
          { namespace: 'monitoring', name: 'probe-1' },
        ),
        violations: [/: main \(evil/],
      },
      {
        name: 'the right container in another namespace',
        object: pod(
          { containers: [container({ image: EVIL, name: 'side-car' })] },
          { namespace: 'litellm', name: 'probe-1' },
        ),
        violations: [/: side-car \(evil/],
      },
    ],
  },
  {
    policy: 'no-latest-tag',
    title: 'references',
    parameters: { exemptions: [] },
    cases: [
      pinned('a tag', 'ghcr.io/berriai/litellm:v1.2.3'),
      pinned('a digest (defect 79)', `ghcr.io/berriai/litellm@${DIGEST}`),
      pinned('a digest beside latest: the digest decides', `ghcr.io/berriai/litellm:latest@${DIGEST}`),
      pinned('a tag behind a port', 'registry.example:5000/app:1'),
      pinned('a tag that only begins like latest', 'ghcr.io/berriai/litellm:latest-1'),
      unpinned('latest', 'ghcr.io/berriai/litellm:latest'),
      unpinned('no tag', 'ghcr.io/berriai/litellm'),
      unpinned('no tag, no registry', 'redis'),
      unpinned('a port is no tag (defect 79)', 'registry.example:5000/app'),
      unpinned('no tag on a registry without a name', 'localhost:5000/app'),
      unpinned('a digest that is none', 'ghcr.io/berriai/litellm@sha256:abc'),
    ],
  },
]
