import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packageFile } from '../package-root.ts'
import type { SandboxWorld } from '../part.ts'

/**
 * Assembles the stand-in charts in `<world.dir>/charts`: our templates, and the real CRDs of the controller's Go module.
 * The same inputs give the same files, byte by byte, so that the digest of a chart stays.
 * @returns the folder, to be used as `charts.mirror` of kind `directory`
 */
export async function writeStandInCharts(world: Pick<SandboxWorld, 'dir' | 'tools'>): Promise<string> {
  const target = join(world.dir, 'charts')
  const building = await mkdtemp(join(world.dir, '.charts-'))
  await cp(packageFile('sandbox', 'charts'), building, { recursive: true })
  const controller = world.tools['external-secrets']
  if (controller === undefined) throw new Error('external-secrets was not resolved')
  // The build put the CRDs of the same version beside the program.
  await addCrds(join(dirname(controller), 'crds'), join(building, 'external-secrets', 'templates', 'crds'))
  await rm(target, { recursive: true, force: true })
  await rename(building, target)
  return target
}

/** As in the real chart the CRDs are templates, so Helm creates, upgrades and deletes them; `installCRDs` switches them. */
async function addCrds(source: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = (await readdir(source)).filter((file) => file.endsWith('.yaml')).sort()
  for (const file of files) {
    const crd = await readFile(join(source, file), 'utf8')
    await writeFile(join(folder, file), `{{- if .Values.installCRDs }}\n${literal(crd)}\n{{- end }}\n`)
  }
}

/** Descriptions show template syntax: every `{{` becomes an expression that prints it. */
function literal(text: string): string {
  return text.replaceAll('{{', '\0').replaceAll('}}', '{{ "}}" }}').replaceAll('\0', '{{ "{{" }}')
}
