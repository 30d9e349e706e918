import { ConfigError, PreflightError } from '../errors.ts'
import { crossCheck } from './cross-checks.ts'
import { type Environment, fromEnvironment, PINS, treeOf } from './environment.ts'
import type { Fault } from './fault.ts'
import { type FoundFile, findFile } from './find-file.ts'
import { type Layer, type Merged, merge, type Path, pathText, type Tree, valueAt } from './merge.ts'
import { describeOrigin, type Origin } from './origin.ts'
import { choicesOf, completed, presetDefaults } from './presets.ts'
import { configError, type Problem } from './problem.ts'
import type { Config } from './schema.ts'
import { showValue } from './show.ts'
import { placed, validate } from './validate.ts'
import { valuesLayers } from './values-files.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/** A value that a flag sets. */
export interface FlagValue {
  readonly flag: string
  readonly path: Path
  readonly value: unknown
}

export interface LoadRequest {
  /** `--config`; without it the nearest `llmgw.yaml` from `cwd` upwards. */
  readonly file?: string | undefined
  readonly cwd: string
  readonly env: Environment
  readonly flags?: readonly FlagValue[]
  /** `values` stand in for a file that is not named; `facts` win over everything, e.g. the sandbox's own account. */
  readonly builtIn?: { readonly name: string; readonly values: Tree; readonly facts: Tree }
}

export interface LoadedConfig {
  readonly config: Config
  /** Of each value by dotted path; a list is one value. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Path of the file that was read. */
  readonly file?: string
}

/** A file, and its values. */
interface Source {
  readonly found: FoundFile
  readonly yaml: YamlFile
}

/**
 * The effective configuration: flag > environment > file > preset.
 * @throws ConfigError with every problem found; PreflightError when the environment contradicts a pin of the file
 */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const source = await readSource(request)
  if (source) refuseContradictions(source, request)
  const upper = upperLayers(source, request)
  const choices = choicesOf(merge(upper).tree)
  const preset: Layer = {
    tree: presetDefaults(choices),
    origin: () => ({ kind: 'preset', name: choices.preset }),
  }
  const files = source ? await valuesLayers(source, request.cwd) : []
  const merged = merge([preset, ...files, ...upper])
  const tree = completed(merged.tree)
  const result = validate(tree)
  const faults = 'faults' in result ? result.faults : crossCheck(result.config)
  if (faults.length > 0) throw explained(faults, { source, merged, request })
  if (!('config' in result)) throw new ConfigError('ConfigInvalid', 'the configuration is invalid')
  return { config: result.config, origins: merged.origins, ...(source ? { file: source.found.path } : {}) }
}

async function readSource(request: LoadRequest): Promise<Source | undefined> {
  if (request.builtIn && request.file === undefined) return undefined
  const found = await findFile(request.cwd, request.file)
  if (!found) return undefined
  const yaml = parseYamlFile(found.shown, found.bytes)
  if (!('tree' in yaml)) throw configError(yaml)
  return { found, yaml }
}

function upperLayers(source: Source | undefined, { env, flags = [], builtIn }: LoadRequest): readonly Layer[] {
  const base: Layer = source
    ? { tree: source.yaml.tree, origin: (path) => fileOrigin(source, path) }
    : {
        tree: { apiVersion: 'llmgw/v1', ...builtIn?.values },
        origin: () => ({ kind: 'built-in', name: builtIn?.name ?? 'program' }),
      }
  const pins = new Set(PINS.map(pathText))
  // In the sandbox the shell's account, region and cluster mean nothing.
  const variables = fromEnvironment(env).filter(({ path }) => !builtIn || !pins.has(pathText(path)))
  const environment: Layer = {
    tree: treeOf(variables),
    origin: (path) => ({ kind: 'environment', name: nameAt(variables, path) }),
  }
  const named = flags.map(({ flag, path, value }) => ({ name: flag, path, value }))
  const flag: Layer = { tree: treeOf(named), origin: (path) => ({ kind: 'flag', name: nameAt(named, path) }) }
  const facts: Layer[] = builtIn
    ? [{ tree: builtIn.facts, origin: () => ({ kind: 'built-in', name: builtIn.name }) }]
    : []
  return [base, environment, flag, ...facts]
}

function nameAt(values: readonly { readonly name: string; readonly path: Path }[], path: Path): string {
  return values.find((value) => value.path.every((part, index) => part === path[index]))?.name ?? ''
}

function fileOrigin({ found, yaml }: Source, path: Path): Origin {
  return { kind: 'file', file: found.shown, ...yaml.position(path) }
}

function refuseContradictions(source: Source, { env, builtIn }: LoadRequest): void {
  if (builtIn) return
  for (const { name, path, value } of fromEnvironment(env)) {
    if (!PINS.some((pin) => pathText(pin) === pathText(path))) continue
    const pinned = valueAt(source.yaml.tree, path)
    if (pinned === undefined || pinned === value) continue
    const place = describeOrigin(fileOrigin(source, path))
    throw new PreflightError(
      'PinContradicted',
      `${name} in the environment is ${showValue(value)}, but ${place} pins ${pathText(path)} to ${showValue(pinned)}`,
      { hint: `unset ${name}, or name the configuration file that is meant with --config` },
    )
  }
}

interface Place {
  readonly source: Source | undefined
  readonly merged: Merged
  readonly request: LoadRequest
}

function explained(faults: readonly Fault[], place: Place): ConfigError {
  // A default is wrong only as a consequence of a given value that is wrong: that one is named.
  const given = faults.filter(({ path }) => originAt(place.merged.origins, path)?.kind !== 'preset')
  const problems = (given.length > 0 ? given : faults).map((fault) => placed(fault, placeOf(fault, place)))
  const missing = faults.some(({ path }) => ['aws.region', 'cluster.name'].includes(pathText(path)))
  if (place.source || place.request.builtIn || !missing) return configError(problems)
  return new ConfigError(
    'ConfigMissing',
    'there is no llmgw.yaml here or above, and AWS_REGION and EKS_CLUSTER_NAME are not both set',
    {
      hint: `have one written with llmgw init, or write a llmgw.yaml:\n${MINIMAL_FILE}\nor set AWS_REGION and EKS_CLUSTER_NAME, or add --sandbox to try it without an AWS account`,
    },
  )
}

/** The smallest file that works, as the error text shows it. */
const MINIMAL_FILE = `  apiVersion: llmgw/v1
  preset: platform
  aws: { region: us-east-1, accountId: "123456789012" }
  cluster: { name: my-cluster }`

function placeOf(fault: Fault, { source, merged }: Place): Omit<Problem, 'message' | 'path'> {
  const origin = originAt(merged.origins, fault.path)
  if (source && fault.atKey) return { file: source.found.shown, ...source.yaml.keyPosition(fault.path) }
  if (source && (origin === undefined || origin.kind === 'file'))
    return { file: source.found.shown, ...source.yaml.position(fault.path) }
  return { file: origin ? describeOrigin(origin) : 'configuration' }
}

/** Origin of the value, or of the list or mapping it lies in. */
function originAt(origins: ReadonlyMap<string, Origin>, path: Path): Origin | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const origin = origins.get(pathText(path.slice(0, length)))
    if (origin) return origin
  }
  return undefined
}
