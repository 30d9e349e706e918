import type { Container, Pod } from './objects.ts'

/** Names of the programs that can be real. */
const PROGRAMS = ['litellm', 'redis', 'postgres', 'haproxy', 'open-webui'] as const

export type ProgramName = (typeof PROGRAMS)[number]

/** What stands in for an image: the same program, from this machine. */
export interface Program {
  readonly name: ProgramName
  /** As shown, e.g. `LiteLLM 1.104.2`. */
  readonly title: string
  /** As the image has them. */
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly workingDir: string
  readonly user: number
  /** Number of the signal that asks it to end, where the image names another one than SIGTERM. */
  readonly stopSignal?: number
  /** It listens at the Pod's address (`POD_ADDRESS`) only, so that Services on its ports stay reachable from inside. */
  readonly ownAddressOnly?: boolean
  /** Built without TLS: containers that are given a certificate are simulated. */
  readonly withoutTls?: boolean
  /** Folders that the program needs, seen at the same path inside. */
  readonly folders: readonly string[]
  /** What the image has at fixed places: path on this machine and path inside, read-only. */
  readonly files?: readonly (readonly [string, string])[]
}

/** Programs that this machine has. */
export type Programs = Readonly<Partial<Record<ProgramName, Program>>>

/**
 * Expressions over an image reference, in the syntax that JavaScript and jq share: kwok's stages leave these images alone.
 * Whatever the registry is called, the last part of the path names the program.
 */
export const IMAGES: Readonly<Record<ProgramName, string>> = {
  litellm: '(^|/)litellm(-[a-z_]+)?(:|@|$)',
  redis: '(^|/)redis(:|@|$)',
  postgres: '(^|/)postgres(:|@|$)',
  haproxy: '(^|/)haproxy(:|@|$)',
  'open-webui': '(^|/)open-webui(:|@|$)',
}

/** Commands of an image that run for real; a sidecar that only watches the others does not. */
const MAIN: Readonly<Record<ProgramName, (command: readonly string[], args: readonly string[]) => boolean>> = {
  // The metrics sidecar has no startup probe: on a busy machine it would be restarted before it has loaded LiteLLM.
  litellm: (_command, args) => args[0] !== 'metrics',
  redis: (command) => command.length === 0 || /(^|\/)redis-server$/.test(command[0] ?? ''),
  postgres: () => true,
  haproxy: () => true,
  'open-webui': () => true,
}

/** The program behind this image, whether this machine has it or not. */
function programOf(image: string): ProgramName | undefined {
  return PROGRAMS.find((name) => new RegExp(IMAGES[name]).test(image))
}

/** Whether the runtime answers for this Pod, so that kwok does not. */
export function isKnown(pod: Pod, programs: Programs): boolean {
  return pod.spec.containers.some(({ image }) => programFor(image, programs) !== undefined)
}

/** The program for this image, when this machine has it. */
function programFor(image: string, programs: Programs): Program | undefined {
  const name = programOf(image)
  return name === undefined ? undefined : programs[name]
}

/** By its name the chart's volume of certificates is known. Source: redis-ha chart, template of the StatefulSet. */
const CERTIFICATES = 'tls-certs'

/** Whether the program can do what the container is made for. */
const isAble = ({ withoutTls }: Program, { volumeMounts = [] }: Container): boolean =>
  withoutTls !== true || !volumeMounts.some(({ name }) => name === CERTIFICATES)

const isMain = ({ name }: Program, { command = [], args = [] }: Container): boolean => MAIN[name](command, args)

/** What gives this machine a Redis that was built with TLS. */
export const TLS_REMEDY = 'sudo apt-get install redis-server, then make the sandbox anew'

/** Why this container is simulated although its program is there; undefined where nothing is lacking. */
export function lackOf(container: Container, programs: Programs): string | undefined {
  const program = programFor(container.image, programs)
  if (program === undefined || !isMain(program, container) || isAble(program, container)) return undefined
  return `${program.title} was built without TLS`
}

/** The program that this container really runs, or undefined where it is simulated. */
export function realProgram(container: Container, programs: Programs): Program | undefined {
  const program = initProgram(container, programs)
  return program !== undefined && isMain(program, container) ? program : undefined
}

/** Init containers of a known image prepare the files of the real ones, so they are real as well. */
export function initProgram(container: Container, programs: Programs): Program | undefined {
  const program = programFor(container.image, programs)
  return program !== undefined && isAble(program, container) ? program : undefined
}
