/** What the contract allows as a name. It is also what keeps a name from being a path. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;

/** True for a name that can be an instance's: letters, digits and dashes, at most 63, not starting with a dash. */
export function isInstanceName(name: string): boolean {
  return NAME.test(name);
}
