import { expand } from './expansion.ts'
import { fieldValue, type PodFacts, resourceValue } from './fields.ts'
import type { Container, EnvFrom, EnvVar, Pod, Service } from './objects.ts'
import { type Lookup, Missing } from './sources.ts'

export interface EnvironmentRequest {
  readonly pod: Pod
  readonly container: Container
  readonly facts: PodFacts
  readonly lookup: Lookup
  /** Services of the Pod's namespace, and `kubernetes` of the default one. */
  readonly services: readonly Service[]
}

/**
 * The environment that a kubelet gives to this container, without the image's own.
 * Source: k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables; the messages are its own.
 * @throws Missing when a ConfigMap, Secret or key that is not optional is not there
 */
export async function resolveEnvironment(request: EnvironmentRequest): Promise<Readonly<Record<string, string>>> {
  const { container, pod, services } = request
  const links = pod.spec.enableServiceLinks === false ? services.filter(isKubernetes) : services
  const fromServices = Object.assign({}, ...links.map(serviceVariables)) as Record<string, string>
  const own: Record<string, string> = {}
  for (const source of container.envFrom ?? []) Object.assign(own, await importAll(request, source))
  for (const variable of container.env ?? []) {
    const known = (name: string) => own[name] ?? fromServices[name]
    const value = await resolved(request, variable, known)
    if (value !== undefined) own[variable.name] = value
  }
  return { ...fromServices, ...own }
}

async function importAll({ pod, lookup }: EnvironmentRequest, source: EnvFrom): Promise<Record<string, string>> {
  const { prefix = '', secretRef, configMapRef } = source
  const ref = secretRef ?? configMapRef
  if (ref === undefined) return {}
  const kind = secretRef === undefined ? 'ConfigMap' : 'Secret'
  const data = await lookup(kind, pod.metadata.namespace, ref.name)
  if (data === undefined && ref.optional !== true) throw new Missing(`${kind.toLowerCase()} "${ref.name}" not found`)
  return Object.fromEntries([...(data ?? [])].map(([key, value]) => [`${prefix}${key}`, value.toString('utf8')]))
}

type Known = (name: string) => string | undefined

async function resolved(request: EnvironmentRequest, variable: EnvVar, known: Known): Promise<string | undefined> {
  const { pod, container, facts } = request
  const { value, valueFrom } = variable
  if (valueFrom === undefined) return expand(value ?? '', known)
  const { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef } = valueFrom
  if (secretKeyRef) return await keyValue(request, 'Secret', secretKeyRef)
  if (configMapKeyRef) return await keyValue(request, 'ConfigMap', configMapKeyRef)
  if (fieldRef) {
    const found = fieldValue(pod, fieldRef.fieldPath, facts)
    if (found === undefined) throw new Missing(`unsupported fieldPath: ${fieldRef.fieldPath}`)
    return found
  }
  if (resourceFieldRef === undefined) return ''
  const { containerName, resource, divisor } = resourceFieldRef
  const owner = pod.spec.containers.find(({ name }) => name === containerName) ?? container
  return resourceValue(owner, resource, divisor)
}

async function keyValue(
  { pod, lookup }: EnvironmentRequest,
  kind: 'ConfigMap' | 'Secret',
  { name, key, optional }: { readonly name: string; readonly key: string; readonly optional?: boolean },
): Promise<string | undefined> {
  const { namespace } = pod.metadata
  const data = await lookup(kind, namespace, name)
  if (data === undefined) {
    if (optional === true) return undefined
    throw new Missing(`${kind.toLowerCase()} "${name}" not found`)
  }
  const value = data.get(key)
  if (value === undefined && optional !== true) {
    throw new Missing(`couldn't find key ${key} in ${kind} ${namespace}/${name}`)
  }
  return value?.toString('utf8')
}

const isKubernetes = ({ metadata }: Service): boolean =>
  metadata.namespace === 'default' && metadata.name === 'kubernetes'

/** The variables of the Docker-links kind, which surprise whoever names a Service `redis`. Source: k8s.io/kubernetes/pkg/kubelet/envvars. */
function serviceVariables({ metadata, spec }: Service): Record<string, string> {
  const { clusterIP, ports = [] } = spec
  const [first] = ports
  if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || first === undefined) return {}
  const prefix = variableName(metadata.name)
  const address = (port: number, protocol: string) => `${protocol}://${clusterIP}:${port}`
  const variables: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: clusterIP,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    [`${prefix}_PORT`]: address(first.port, (first.protocol ?? 'TCP').toLowerCase()),
  }
  for (const { name, port, protocol = 'TCP' } of ports) {
    if (name !== undefined) variables[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port)
    const one = `${prefix}_PORT_${port}_${protocol}`
    variables[one] = address(port, protocol.toLowerCase())
    variables[`${one}_PROTO`] = protocol.toLowerCase()
    variables[`${one}_PORT`] = String(port)
    variables[`${one}_ADDR`] = clusterIP
  }
  return variables
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_')
