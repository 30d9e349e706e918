/** Flags that every command takes. */
export interface GlobalFlags {
  readonly config?: string
  /** Name of the sandbox to work on; absent = the configured account. */
  readonly sandbox?: string
  readonly output: 'text' | 'json' | 'ndjson'
  readonly color: boolean
  readonly debug: boolean
}

export interface ChartsLockFlags extends GlobalFlags {
  readonly file?: string
}

export interface ExitCodeFlags extends GlobalFlags {
  readonly exitCode: boolean
}

/** Flags of the commands that look at the platform. */
export interface LookFlags extends GlobalFlags {
  readonly deep: boolean
  readonly adopt?: boolean
  readonly restoreSecrets?: boolean
  readonly secretsFile?: string
  readonly timeout?: string
  /** File for a JUnit report. */
  readonly junit?: string
}

export interface DiffFlags extends LookFlags {
  readonly exitCode: boolean
}

export interface PlanFlags extends DiffFlags, ChoiceFlags {
  /** File to keep the plan in. */
  readonly out?: string
}

export interface StatusFlags extends DiffFlags {
  readonly watch: boolean
  /** Seconds between two looks. */
  readonly every: number
}

export interface VerifyFlags extends LookFlags {
  readonly watch: boolean
  /** Seconds between two looks. */
  readonly every: number
  /** Ids of checks, separated by commas. */
  readonly only?: string
  /** Also what calls models. */
  readonly probe: boolean
}

/** Flags of the commands that change it. */
export interface ChangeFlags extends LookFlags {
  readonly yes: boolean
  readonly concurrency: number
  readonly failFast: boolean
}

/** Flags of `llmgw secrets …` that change something. */
export interface SecretsFlags extends GlobalFlags {
  readonly yes: boolean
  readonly timeout?: string
  /** Logical name, instead of typing it. */
  readonly confirm?: string
  readonly fromFile?: string
  readonly back?: boolean
  readonly replace?: boolean
  readonly identity?: string
}

export interface SecretsMigrateFlags extends SecretsFlags {
  /** Has to be what the configuration says. */
  readonly to?: 'split' | 'bundle'
  readonly retire: boolean
}

export interface SecretsExportFlags extends GlobalFlags {
  readonly recipient: readonly string[]
  readonly out?: string
  readonly force: boolean
}

/** Flags that choose among all components; names, separated by commas. */
export interface ChoiceFlags {
  readonly only?: string
  readonly skip?: string
}

export interface AccessFlags extends GlobalFlags {
  /** Also print secret values. */
  readonly show: boolean
}

export type KeysFlags = GlobalFlags

export interface KeysCreateFlags extends GlobalFlags {
  readonly models?: string
  /** US dollars. */
  readonly budget?: number
  readonly budgetPeriod?: string
  readonly rpm?: number
  readonly tpm?: number
  readonly expires?: string
  readonly outputFile?: string
}

export interface KeysRevokeFlags extends GlobalFlags {
  readonly yes: boolean
}

export interface LockReleaseFlags extends GlobalFlags {
  readonly yes: boolean
  readonly confirm?: string
}

export interface PolicyStatusFlags extends GlobalFlags {
  readonly exitCode: boolean
}

export interface PolicyEnforceFlags extends GlobalFlags {
  /** Names or kinds of policies, separated by commas. */
  readonly only?: string
  readonly yes: boolean
}

export interface PolicyTestFlags extends GlobalFlags {
  /** Who judges; absent = gator where it is there, else the cluster. */
  readonly with?: 'gator' | 'cluster'
}

export interface DeployFlags extends ChangeFlags, ChoiceFlags {
  readonly onExisting?: 'update' | 'skip-healthy' | 'skip'
  readonly withNeeds: boolean
  readonly prune: boolean
  readonly rollbackOnFailure: boolean
  /** File with the plan to run. */
  readonly plan?: string
}

export interface DestroyFlags extends ChangeFlags {
  readonly confirm?: string
  readonly deleteCrds: boolean
  readonly deleteVolumes: boolean
  readonly keepSecrets: boolean
  readonly purgeSecrets: boolean
}

export interface InitFlags extends GlobalFlags {
  readonly preset?: 'platform' | 'lean'
  readonly region?: string
  readonly accountId?: string
  readonly cluster?: string
  readonly deployment?: string
  readonly file?: string
  readonly force: boolean
  readonly yes: boolean
}

export interface SupportFlags extends GlobalFlags {
  /** File for the archive. */
  readonly out?: string
  /** Last lines of each container's log. */
  readonly tail: number
}

export interface DoctorFlags extends GlobalFlags {
  /** Ids of checks, separated by commas. */
  readonly only?: string
  /** Mend what can be mended safely. */
  readonly fix: boolean
  readonly yes: boolean
}
