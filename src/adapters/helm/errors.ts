import { type LlmgwError, PreflightError, StepError } from '../../errors.ts'
import { redact } from '../../secret.ts'
import { immutableHint, immutableMessage } from './immutable.ts'

interface Known {
  readonly code: string
  readonly words: RegExp
  readonly message: (release: string, said: string) => string
  readonly hint: string | ((said: string, release: string) => string)
}

/** What helm says of an object that somebody else has. Source: helm.sh/helm/v4/pkg/action/validate.go. */
function foreign(said: string): { readonly object: string; readonly owner: string } | undefined {
  const [, kind, name] =
    /(?:Unable to continue with \w+: )?(\w+) "([^"]+)" in namespace "[^"]*" exists/.exec(said) ?? []
  if (kind === undefined || name === undefined) return undefined
  const release = /key "meta\.helm\.sh\/release-name" must equal "[^"]*": current value is "([^"]+)"/.exec(said)?.[1]
  const manager = /key "app\.kubernetes\.io\/managed-by" must equal "Helm": current value is "([^"]+)"/.exec(said)?.[1]
  const owner = release === undefined ? (manager ?? 'nobody that helm knows') : `release ${release}`
  return { object: `${kind} ${name}`, owner }
}

/** What Helm 4 and Helm 3 say, and what it means. The first match wins. */
const KNOWN: readonly Known[] = [
  {
    code: 'HelmPending',
    words: /another operation .* is in progress/,
    message: (release) => `another helm operation on release ${release} is in progress`,
    hint: 'wait until it has ended, then run the command again',
  },
  {
    code: 'HelmOwnedByOther',
    words: /invalid ownership metadata|cannot be imported into the current release/,
    message(release, said) {
      const found = foreign(said)
      if (found === undefined) return `release ${release} would take over objects that belong to somebody else`
      return `release ${release} would take over ${found.object}, which belongs to ${found.owner}`
    },
    hint: 'where nobody else needs it, take it over: run the same command with --adopt; else remove it, or choose another name',
  },
  {
    code: 'HelmImmutableField',
    words:
      /field is immutable|may not change once set|updates to statefulset spec for fields other than|cannot be changed|is immutable/i,
    message: immutableMessage,
    hint: immutableHint,
  },
  {
    code: 'HelmVersionSkew',
    words: /chart requires kubeVersion: /,
    message(release, said) {
      const [, wanted = 'another version', has = ''] =
        /chart requires kubeVersion: (.+?) which is incompatible with Kubernetes (v[\w.+-]+)/.exec(said) ?? []
      return `the chart of release ${release} wants Kubernetes ${wanted}${has === '' ? '' : `, and the cluster is ${has}`}`
    },
    hint: 'upgrade the cluster, or use the chart of an earlier version of llmgw: llmgw doctor --only chart-versions',
  },
  {
    code: 'HelmConflict',
    words: /Apply failed with \d+ conflict/,
    message: (release) => `another field manager owns fields that release ${release} sets`,
    hint: 'see who with: kubectl get --show-managed-fields',
  },
  {
    code: 'HelmCrdMissing',
    words: /ensure CRDs are installed first|no matches for kind/,
    message: (release) => `release ${release} needs a kind that the cluster does not serve`,
    hint: 'install the component that brings the custom resource definition first',
  },
  {
    code: 'HelmWebhook',
    words: /failed calling webhook|admission webhook .* denied/,
    message: (release) => `an admission webhook refused objects of release ${release}`,
    hint: 'look at the webhook that is named, then run the command again',
  },
  {
    code: 'HelmTimeout',
    words: /context deadline exceeded|timed out waiting/,
    message: (release) => `helm gave up waiting on release ${release}`,
    hint: 'look at the hook Job that is named; raise timeouts.helm if it only needs longer',
  },
  {
    code: 'HelmValuesInvalid',
    words:
      /values don't meet the specifications of the schema|error converting YAML to JSON|execution error at|template: /,
    message: (release) => `the chart of release ${release} does not accept the values`,
    hint: 'compare the values with the chart: llmgw validate',
  },
  {
    code: 'HelmNamespaceMissing',
    words: /namespaces ".*" not found/,
    message: (release) => `the namespace of release ${release} does not exist`,
    hint: 'create it with: llmgw deploy namespaces',
  },
]

const UNREACHABLE =
  /cluster unreachable|connection refused|no such host|i\/o timeout|TLS handshake|certificate signed by unknown/i
const UNAUTHORIZED = /Unauthorized|provide credentials|token has expired/

/** The last line that says something: Helm repeats itself as a warning, and closes with usage hints. */
export function lastMeaningfulLine(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Usage:|Flags:|Use "helm|level=(WARN|INFO|DEBUG)|WARNING:)/.test(line))
  const start = lines.findLastIndex((line) => line.startsWith('Error: '))
  const words = start < 0 ? (lines.at(-1) ?? '') : lines.slice(start).join(' ')
  return redact(words.replace(/^Error: (UPGRADE FAILED: |INSTALLATION FAILED: )?/, ''))
}

/** The error for a helm process that ended badly. */
export function helmFailure(verb: string, release: string, stderr: string): LlmgwError {
  const cause = lastMeaningfulLine(stderr)
  if (UNREACHABLE.test(cause) && !/failed calling webhook/.test(cause)) {
    return new PreflightError('KubeUnreachable', `helm got no answer from the API server (${verb} ${release})`, {
      cause,
      hint: 'check the address, the network path (VPN) and that the cluster runs',
    })
  }
  const known = KNOWN.find(({ words }) => words.test(cause))
  if (known !== undefined) {
    const hint = typeof known.hint === 'string' ? known.hint : known.hint(cause, release)
    return new StepError(known.code, known.message(release, cause), { cause, hint })
  }
  if (UNAUTHORIZED.test(cause)) {
    return new PreflightError('KubeUnauthorized', `the API server did not accept helm's credentials (${release})`, {
      cause,
      hint: 'log in again, then repeat the command',
    })
  }
  return new StepError('HelmFailed', `helm could not ${verb} release ${release}`, {
    cause: cause === '' ? 'helm said nothing' : cause,
    hint: `see its history with: helm history -n ${release.replace('/', ' ')}`,
  })
}
