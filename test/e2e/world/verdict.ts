import { describeInjection, type Fault, type Injection } from './faults.ts'
import type { Ended } from './llmgw.ts'

/** How a run may end that met the fault: its exit code, and what it must name when that is not 0: a code, or what a check said. */
interface Verdict {
  readonly exits: readonly (number | string)[]
  readonly causes: RegExp
}

/** A run whose answer was only late, missing or "try again" once may go on; one that was stopped may have been done already. */
const VERDICTS: Readonly<Record<Fault, Verdict>> = {
  'kill -9': { exits: ['SIGKILL', 0], causes: /^/ },
  SIGTERM: { exits: [130, 0], causes: /^/ },
  SIGINT: { exits: [130, 0], causes: /^/ },
  cut: { exits: [0, 1, 3], causes: /KubeUnreachable|AwsUnreachable|Helm\w+|LockLost|could not look: .*no answer/ },
  429: { exits: [0, 1, 3], causes: /KubeUnreachable|AwsThrottled|Helm\w+|LockLost|could not look: .*(429|throttl)/ },
  500: { exits: [0, 1, 3], causes: /KubeUnreachable|AwsFailed|AwsUnreachable|Helm\w+|LockLost|could not look: .*500/ },
  '403 once': { exits: [0, 1, 3], causes: /KubeForbidden|AwsDenied|Helm\w+|could not look: .*(not allowed|denied)/ },
  slow: { exits: [0], causes: /^/ },
  expired: {
    exits: [0, 1, 3],
    causes: /KubeUnauthorized|AwsExpired|Helm\w+|LockLost|could not look: .*(expired|credentials)/,
  },
  restart: { exits: [0, 1, 3], causes: /KubeUnreachable|Helm\w+|LockLost|could not look: .*no answer/ },
  'disk full': { exits: [0, 1, 3], causes: /FolderUnwritable|Helm\w+/ },
  'helm killed': { exits: [0, 1], causes: /Helm\w+/ },
}

/** What is wrong with how a run ended that met these faults, or undefined: one of them must allow it and be what it names. */
export function objection(struck: readonly Injection[], { signal, code, output }: Ended): string | undefined {
  const how = signal ?? code ?? 'nothing'
  if (struck.length === 0) return how === 0 ? undefined : `nothing struck, and it ended with ${how}`
  const allowing = struck.filter(({ fault }) => VERDICTS[fault].exits.includes(how))
  if (allowing.length === 0 && how !== 0) return `none of what struck ends a run with ${how}`
  if (how === 0 || allowing.some(({ fault }) => VERDICTS[fault].causes.test(output))) return undefined
  return `it ended with ${how} and names no cause that fits ${allowing.map(describeInjection).join(', ')}`
}
