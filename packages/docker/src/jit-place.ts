/** The folder in which a container finds its JIT config; nothing may be mounted over it. */
export const JIT_FOLDER = "/.scaleset";

/** Where the official runner takes its JIT config from. */
export const JIT_VARIABLE = "ACTIONS_RUNNER_INPUT_JITCONFIG";

/** Whether something mounted at `at` hides `path`, or is hidden in it. */
export function overlaps(at: string, path: string): boolean {
  const clean = at.replace(/\/+$/, "");
  return clean === "" || clean === path || path.startsWith(`${clean}/`) || clean.startsWith(`${path}/`);
}
