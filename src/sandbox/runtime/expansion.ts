/**
 * Replaces `$(NAME)`; `$$` gives a dollar sign, and a name that nobody set stays as it is written.
 * Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (lookup(name) ?? whole),
  )
}
