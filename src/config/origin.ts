/** Where a value of the effective configuration comes from. */
export type Origin =
  | { readonly kind: 'preset'; readonly name: string }
  | { readonly kind: 'built-in'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }

/** `llmgw.yaml:3:5`, `AWS_REGION in the environment`, `--timeout`, `preset platform`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'preset':
      return `preset ${origin.name}`
    case 'built-in':
      return `built-in configuration of the ${origin.name}`
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`
    case 'environment':
      return `${origin.name} in the environment`
    case 'flag':
      return origin.name
  }
}
