import type { OperatorTool } from '../operators/definition.ts'

/** Versions that the Go modules in `sandbox/go` pin, and how each tool is built from them. */
export interface ModulePin {
  /** Without a leading `v`. */
  readonly version: string
  readonly ldflags: string
}

export const PINS = {
  etcd: { version: '3.6.6', ldflags: '-s -w' },
  kubernetes: {
    version: '1.35.4',
    ldflags:
      '-s -w -X k8s.io/component-base/version.gitVersion=v1.35.4 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35',
  },
  kwok: { version: '0.8.0', ldflags: '-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0' },
  helm: { version: '4.3.1', ldflags: '-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1' },
} as const satisfies Readonly<Record<string, ModulePin>>

export type ModuleName = keyof typeof PINS

export interface ToolPin {
  readonly module: ModuleName
  readonly package: string
  /** Versions (semver range) that do as well as the pinned one. */
  readonly accepts: string
  readonly versionArgs: readonly string[]
}

const kubernetes = (name: string): ToolPin => ({
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  accepts: '~1.35.0',
  versionArgs: ['--version'],
})

export const TOOLS = {
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3', accepts: '^3.5.0', versionArgs: ['--version'] },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  // kwokctl asks the API server through kubectl, and would download one that it does not find.
  kubectl: { ...kubernetes('kubectl'), accepts: '>=1.28.0', versionArgs: ['version', '--client'] },
  // Its configuration file is versioned with it; a wrong key is dropped with only a warning.
  kwok: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', accepts: '0.8.x', versionArgs: ['--version'] },
  kwokctl: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwokctl', accepts: '0.8.x', versionArgs: ['--version'] },
  helm: {
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    accepts: '>=4.1.0 <5',
    versionArgs: ['version', '--template', '{{.Version}}'],
  },
} as const satisfies Readonly<Record<string, ToolPin>>

export type ToolName = keyof typeof TOOLS

export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[]

/** A tool of a pinned module, or an operator, which is built from its own. */
export type Buildable = ToolName | OperatorTool

export const isOperator = (tool: Buildable): tool is OperatorTool => !Object.hasOwn(TOOLS, tool)
