import { PreflightError } from '../../errors.ts'
import { packageFile } from '../package-root.ts'
import { virtualEnvironment } from '../python/virtual-environment.ts'

/**
 * The Python that runs the AWS emulator, with exactly the pinned packages.
 * @returns absolute path of its `python`
 * @throws PreflightError without a fitting Python, or when pip refuses
 */
export async function prepareAws(
  cacheDir: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const order = {
    forWhom: 'the AWS emulator',
    title: 'AWS emulator',
    requirements: packageFile('sandbox', 'aws', 'requirements.txt'),
    cacheDir,
    refused: (cause: string | undefined) =>
      new PreflightError('AwsEmulatorNotInstalled', 'the Python packages of the AWS emulator could not be installed', {
        hint: 'check that pip reaches its package index, then run the command again',
        cause,
      }),
  }
  return await virtualEnvironment(order, { report, signal })
}
