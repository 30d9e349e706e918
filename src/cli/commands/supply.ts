import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { ChartsLockFlags, ExitCodeFlags, GlobalFlags } from '../flags.ts'
import type { Host } from '../host.ts'

type Finish = (exitCode: number) => void

/** `llmgw charts …` and `llmgw images …`. Loads nothing but commander; each action imports its command when it runs. */
export function addSupply(program: CommandUnknownOpts, host: Host, finish: Finish): void {
  const charts = program
    .command('charts')
    .description('Pin, compare and copy the charts that the configuration deploys.')
  charts
    .command('lock')
    .description('Write a lock file with the digest of every chart, as its source has it now.')
    .option('--file <file>', 'where to write (default: charts.lock, else charts.lock.yaml beside llmgw.yaml)')
    .action(async (_flags, command) =>
      finish(await (await import('./charts.ts')).chartsLock(flagsOf<ChartsLockFlags>(command), host)),
    )
  charts
    .command('verify')
    .description('Get every chart and compare its bytes with the lock; exits with 1 where one is another.')
    .option('--strict', 'a chart without a pinned digest counts as wrong', false)
    .action(async (_flags, command) =>
      finish(await (await import('./charts.ts')).chartsVerify(flagsOf<Strict>(command), host)),
    )
  charts
    .command('outdated')
    .description('Ask the repositories for newer versions.')
    .option('--exit-code', 'exit with 4 when there are any', false)
    .action(async (_flags, command) =>
      finish(await (await import('./charts.ts')).chartsOutdated(flagsOf<ExitCodeFlags>(command), host)),
    )
  charts
    .command('vendor')
    .description('Copy every chart into a folder that charts.mirror can name.')
    .argument('<dir>', 'folder; made where it is not there')
    .action(async (dir, _flags, command) =>
      finish(await (await import('./charts.ts')).chartsVendor(dir, flagsOf<GlobalFlags>(command), host)),
    )
  addImages(program, host, finish)
}

function addImages(program: CommandUnknownOpts, host: Host, finish: Finish): void {
  const images = program.command('images').description('List and check the images that the configuration deploys.')
  images
    .command('list')
    .description('Print every image, as the charts render with these values.')
    .action(async (_flags, command) =>
      finish(await (await import('./images.ts')).imagesList(flagsOf<GlobalFlags>(command), host)),
    )
  images
    .command('verify')
    .description('Check that each image is one for good, and ask its registry for it; exits with 1 where one is not.')
    .option('--strict', 'an image without a digest counts as wrong', false)
    .option('--offline', 'ask no registry', false)
    .action(async (_flags, command) =>
      finish(await (await import('./images.ts')).imagesVerify(flagsOf<Strict & { offline: boolean }>(command), host)),
    )
}

type Strict = GlobalFlags & { readonly strict: boolean }

const flagsOf = <Flags extends GlobalFlags>(command: CommandUnknownOpts): Flags =>
  command.optsWithGlobals() as unknown as Flags
