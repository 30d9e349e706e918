import type { FlagValue } from '../../config/load.ts'
import type { Answers } from '../../config/starter-file.ts'
import type { InitFlags } from '../flags.ts'
import type { Host } from '../host.ts'

/** What flags and environment say already. */
export type Given = Partial<Omit<Answers, 'models'>>

const SOURCES = {
  preset: { flag: '--preset', variables: ['LLMGW_PRESET'], path: ['preset'] },
  deployment: { flag: '--deployment', variables: ['LLMGW_DEPLOYMENT'], path: ['deployment'] },
  region: {
    flag: '--region',
    variables: ['AWS_REGION', 'LLMGW_AWS_REGION', 'AWS_DEFAULT_REGION'],
    path: ['aws', 'region'],
  },
  accountId: {
    flag: '--account-id',
    variables: ['AWS_ACCOUNT_ID', 'LLMGW_AWS_ACCOUNT_ID'],
    path: ['aws', 'accountId'],
  },
  cluster: { flag: '--cluster', variables: ['EKS_CLUSTER_NAME', 'LLMGW_CLUSTER_NAME'], path: ['cluster', 'name'] },
} as const

type Name = keyof typeof SOURCES

/** What is given, by where it comes from. */
export function givenBy(flags: InitFlags, { env }: Host): { readonly byFlag: Given; readonly byEnvironment: Given } {
  const names = Object.keys(SOURCES) as Name[]
  const pick = (value: (name: Name) => string | undefined): Given =>
    Object.fromEntries(names.flatMap((name) => (value(name) ? [[name, value(name)]] : [])))
  return {
    byFlag: pick((name) => flags[name]),
    byEnvironment: pick((name) => SOURCES[name].variables.map((variable) => env[variable]).find(Boolean)),
  }
}

/** The answers as values that the loader checks, each named by its flag. */
export function asFlagValues(answers: Answers): readonly FlagValue[] {
  return (Object.keys(SOURCES) as Name[]).flatMap((name) => {
    const value = answers[name]
    return value === undefined ? [] : [{ flag: SOURCES[name].flag, path: SOURCES[name].path, value }]
  })
}
