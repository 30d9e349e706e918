import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { packageFile } from '../package-root.ts'
import type { SandboxWorld } from '../part.ts'
import type { OperatorTool } from './definition.ts'

/** Raised when the assembly below gives other files from the same inputs. */
const ASSEMBLY = '4'

/** Names what the assembled charts were made from; a mirror ignores it. */
const MADE_FROM = '.made-from'

/**
 * Assembles the charts of the sandbox in `<world.dir>/charts`: our templates, the real CRDs of External Secrets and of the
 * Prometheus operator, and the real chart of Gatekeeper, which its Go module holds. The same inputs give the same files, byte by byte, so that the digest of a chart stays. What is there already is left
 * alone: a helm of another command may be reading it.
 * @returns the folder, to be used as `charts.mirror` of kind `directory`
 */
export async function writeStandInCharts(world: Pick<SandboxWorld, 'dir' | 'tools'>): Promise<string> {
  const target = join(world.dir, 'charts')
  const [controller, gatekeeper] = [programOf(world, 'external-secrets'), programOf(world, 'gatekeeper')]
  const prometheus = programOf(world, 'prometheus-operator')
  const madeFrom = await fingerprint(packageFile('sandbox', 'charts'), [controller, gatekeeper, prometheus])
  if ((await readFile(join(target, MADE_FROM), 'utf8').catch(() => undefined)) === madeFrom) return target
  const building = await mkdtemp(join(world.dir, '.charts-'))
  await cp(packageFile('sandbox', 'charts'), building, { recursive: true })
  // The build put the CRDs of the same version beside the program.
  await addCrds(join(dirname(controller), 'crds'), join(building, 'external-secrets', 'templates', 'crds'))
  await cp(join(dirname(gatekeeper), 'chart'), join(building, 'gatekeeper'), { recursive: true })
  const stack = join(building, 'kube-prometheus-stack', 'charts', 'crds', 'crds')
  await cp(join(dirname(prometheus), 'crds'), stack, { recursive: true })
  await writeFile(join(building, MADE_FROM), madeFrom)
  await rm(target, { recursive: true, force: true })
  await rename(building, target)
  return target
}

function programOf({ tools }: Pick<SandboxWorld, 'tools'>, tool: OperatorTool): string {
  const program = tools[tool]
  if (program === undefined) throw new Error(`${tool} was not resolved`)
  return program
}

/** Changes with our templates and with the operators, whose paths in the cache name their versions and sources. */
async function fingerprint(source: string, programs: readonly string[]): Promise<string> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hash = createHash('sha256').update(ASSEMBLY).update(programs.join('\n'))
  for (const file of files.sort()) hash.update(relative(source, file)).update(await readFile(file))
  return hash.digest('hex')
}

/** As in the real chart the CRDs are templates, so Helm creates, upgrades and deletes them; `installCRDs` switches them. */
async function addCrds(source: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = (await readdir(source)).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml').sort()
  for (const file of files) {
    const crd = await readFile(join(source, file), 'utf8')
    await writeFile(join(folder, file), `{{- if .Values.installCRDs }}\n${annotated(literal(crd))}\n{{- end }}\n`)
  }
}

/** `crds.annotations`, as the real chart takes them; the CRDs' own annotations come first in their metadata. */
function annotated(crd: string): string {
  const extra = '{{- with .Values.crds.annotations }}\n    {{- toYaml . | nindent 4 }}\n    {{- end }}'
  return crd.replace(/^ {2}annotations:\n/m, (line) => `${line}    ${extra}\n`)
}

/** Descriptions show template syntax: every `{{` becomes an expression that prints it. */
function literal(text: string): string {
  return text.replaceAll('{{', '\0').replaceAll('}}', '{{ "}}" }}').replaceAll('\0', '{{ "{{" }}')
}
