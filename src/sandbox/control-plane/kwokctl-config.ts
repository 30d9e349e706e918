import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { packageFile } from '../package-root.ts'
import type { SandboxWorld } from '../part.ts'
import { DOOR_KINDS } from '../runtime/kwok-objects.ts'
import { leavingRealPods } from '../runtime/stages.ts'
import { PINS } from '../tools/pins.ts'
import { type ComponentPorts, pkiFile } from './components.ts'

const argument = (key: string, value: string, override = false) => ({ key, value, override })

function patches(world: SandboxWorld, ports: ComponentPorts) {
  const serviceRange = argument('service-cluster-ip-range', world.serviceRange)
  return [
    {
      name: 'kube-apiserver',
      extraArgs: [
        serviceRange,
        argument('service-account-issuer', world.oidcIssuer, true),
        argument('service-account-jwks-uri', `${world.oidcIssuer}/keys`),
        // As on EKS: in-cluster tokens carry this audience, whatever the issuer is.
        argument('api-audiences', 'https://kubernetes.default.svc'),
        // Without one it takes the address of the default route, which a machine off the network has not. This one is
        // for documentation (RFC 5737): nobody connects to it, as nobody is in a simulated pod.
        argument('advertise-address', '192.0.2.1'),
        ...(world.programs === undefined ? [] : towardsKubelets(world)),
      ],
    },
    { name: 'kube-controller-manager', extraArgs: [serviceRange] },
    // The runtime plays the kubelets, and hands on to kwok what it leaves to it.
    ...(world.programs === undefined
      ? []
      : [{ name: 'kwok-controller', extraArgs: [argument('node-port', String(ports.kubelet), true)] }]),
  ]
}

function towardsKubelets(world: SandboxWorld) {
  return [
    argument('kubelet-client-certificate', pkiFile(world, 'admin.crt')),
    argument('kubelet-client-key', pkiFile(world, 'admin.key')),
    // WebSockets of `kubectl exec` reach the kubelet as they are, instead of as SPDY.
    argument('feature-gates', 'TranslateStreamCloseWebsocketRequests=false'),
  ]
}

/**
 * The file for `kwokctl create cluster --config`: kwokctl's options and our stages.
 * Source: kwok v0.8.0, pkg/apis/config/v1alpha1/kwokctl_configuration_types.go. kwokctl drops a wrong key
 * with only a warning, so the Service range is read back after the start.
 */
export async function kwokctlConfig(world: SandboxWorld, ports: ComponentPorts): Promise<string> {
  const configuration = {
    kind: 'KwokctlConfiguration',
    apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
    options: {
      runtime: 'binary',
      bindAddress: '127.0.0.1',
      kubeVersion: `v${PINS.kubernetes.version}`,
      etcdBinary: world.tools.etcd,
      kubeApiserverBinary: world.tools['kube-apiserver'],
      kubeControllerManagerBinary: world.tools['kube-controller-manager'],
      kubeSchedulerBinary: world.tools['kube-scheduler'],
      kwokControllerBinary: world.tools.kwok,
      etcdPort: ports.etcd,
      etcdPeerPort: ports['etcd-peer'],
      kubeApiserverPort: ports['kube-apiserver'],
      kubeControllerManagerPort: ports['kube-controller-manager'],
      kubeSchedulerPort: ports['kube-scheduler'],
      kwokControllerPort: ports['kwok-controller'],
      ...(world.programs === undefined ? {} : { enableCRDs: DOOR_KINDS }),
    },
    componentsPatches: patches(world, ports),
  }
  const texts = await Promise.all((await stageFiles(world)).map((file) => readFile(file, 'utf8')))
  const stages = world.programs === undefined ? texts : texts.map(leavingRealPods(world.programs))
  return [stringify(configuration), ...stages].join('\n---\n')
}

/** Paths of our stages, with those of the same file name replaced and the others added. */
async function stageFiles({ stages }: SandboxWorld): Promise<readonly string[]> {
  const folders = [packageFile('sandbox', 'kwok', 'stages'), ...(stages === undefined ? [] : [stages])]
  const files = new Map<string, string>()
  for (const folder of folders)
    for (const file of await readdir(folder)) if (file.endsWith('.yaml')) files.set(file, join(folder, file))
  return [...files].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path)
}
